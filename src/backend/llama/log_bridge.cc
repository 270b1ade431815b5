// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/log_bridge.h"

#include <algorithm>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <llama.h>

namespace lares::backend::llama {
namespace {

struct Sinks {
  std::mutex mutex;
  std::vector<base::Logger*> loggers;
  std::string line;  // pieces of a line not ended yet
  base::LogLevel level = base::LogLevel::kDebug;
};

// Never destroyed: the library may log from threads that outlive main's statics.
Sinks& TheSinks() {
  static auto* sinks = new Sinks;
  return *sinks;
}

// Longer lines are cut: the library prints whole grammars and templates.
constexpr std::size_t kMaxLine = 500;

base::LogLevel LevelOf(ggml_log_level level, base::LogLevel current) {
  switch (level) {
    case GGML_LOG_LEVEL_ERROR:
      return base::LogLevel::kError;
    case GGML_LOG_LEVEL_WARN:
      return base::LogLevel::kWarning;
    case GGML_LOG_LEVEL_CONT:
      return current;
    default:
      return base::LogLevel::kDebug;
  }
}

void Flush(Sinks& sinks) {
  std::string line = std::exchange(sinks.line, {});
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  if (line.empty() || sinks.loggers.empty()) return;
  if (line.size() > kMaxLine) line = line.substr(0, kMaxLine) + "...";
  sinks.loggers.back()->Write(sinks.level, line, {{"source", std::string_view("llama.cpp")}});
}

void OnLog(ggml_log_level level, const char* text, void* /*user*/) {
  Sinks& sinks = TheSinks();
  const std::lock_guard lock(sinks.mutex);
  const base::LogLevel next = LevelOf(level, sinks.level);
  if (level != GGML_LOG_LEVEL_CONT && !sinks.line.empty()) Flush(sinks);
  sinks.level = next;
  // Loading prints one dot per percent; our own progress says the same.
  if (std::string_view(text) == ".") return;
  if (sinks.line.size() < 2 * kMaxLine) sinks.line += text;
  if (sinks.line.ends_with('\n')) Flush(sinks);
}

}  // namespace

LogBridge::LogBridge(base::Logger& logger) : logger_(&logger) {
  Sinks& sinks = TheSinks();
  const std::lock_guard lock(sinks.mutex);
  sinks.loggers.push_back(logger_);
  llama_log_set(OnLog, nullptr);
}

LogBridge::~LogBridge() {
  Sinks& sinks = TheSinks();
  const std::lock_guard lock(sinks.mutex);
  const auto it = std::find(sinks.loggers.rbegin(), sinks.loggers.rend(), logger_);
  if (it != sinks.loggers.rend()) sinks.loggers.erase(std::next(it).base());
}

}  // namespace lares::backend::llama
