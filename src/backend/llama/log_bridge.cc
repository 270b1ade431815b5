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
  bool muted = false;  // the line in progress is one of the library's debug lines
};

// Never destroyed: the library may log from threads that outlive main's statics.
Sinks& TheSinks() {
  static auto* sinks = new Sinks;
  return *sinks;
}

// Longer lines are cut: the library prints whole grammars and templates.
constexpr std::size_t kMaxLine = 500;

base::LogLevel LevelOf(ggml_log_level level) {
  switch (level) {
    case GGML_LOG_LEVEL_ERROR:
      return base::LogLevel::kError;
    case GGML_LOG_LEVEL_WARN:
      return base::LogLevel::kWarning;
    default:
      return base::LogLevel::kDebug;
  }
}

// Warnings of what happens all day: an interrupt, a full cache. Our own results say the same.
bool Expected(std::string_view line) {
  return line.find("removing memory module entries") != std::string_view::npos ||
         line.find("failed to find a memory slot") != std::string_view::npos;
}

void Flush(Sinks& sinks) {
  std::string line = std::exchange(sinks.line, {});
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  if (line.empty() || sinks.loggers.empty()) return;
  if (line.size() > kMaxLine) line = line.substr(0, kMaxLine) + "...";
  const base::LogLevel level = Expected(line) ? base::LogLevel::kDebug : sinks.level;
  sinks.loggers.back()->Write(level, line, {{"source", std::string_view("llama.cpp")}});
}

void OnLog(ggml_log_level level, const char* text, void* /*user*/) {
  Sinks& sinks = TheSinks();
  const std::lock_guard lock(sinks.mutex);
  if (level != GGML_LOG_LEVEL_CONT) {
    Flush(sinks);
    sinks.level = LevelOf(level);
    // The library's own debug lines quote what models say, and are never shown, at any level of ours.
    sinks.muted = level == GGML_LOG_LEVEL_DEBUG;
  }
  // Loading prints one dot per percent; our own progress says the same.
  if (sinks.muted || std::string_view(text) == ".") return;
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
