// SPDX-License-Identifier: Apache-2.0
//
// One line per thing that happened, as text for people or JSON for machines, to standard error or a file.
// Prompts and answers never go in here (service/request_log.h holds the one exception, --log-content).
// Thread safe. A call never waits for the disk or the terminal: lines are written by a thread of their own,
// and what it cannot keep up with is dropped, counted, and said.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"
#include "base/metrics.h"

namespace lares::base {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
enum class LogFormat : std::uint8_t { kText, kJson };

// One key with its value; views must live until the call returns.
struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

class Logger {
 public:
  struct Options {
    LogLevel level = LogLevel::kInfo;
    LogFormat format = LogFormat::kText;
    std::string file;            // empty: standard error
    Counter* dropped = nullptr;  // counts lines that were dropped; outlives the logger
  };

  static Result<std::unique_ptr<Logger>> Open(const Options& options);
  // Drops everything; for tests and tools.
  static std::unique_ptr<Logger> Silent();

  virtual ~Logger() = default;  // what was written comes out, unless its place takes nothing for seconds
  virtual bool Enabled(LogLevel level) const = 0;
  virtual void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) = 0;
  // Waits, a second at most, until what was written is out: before the process ends at once.
  virtual void Flush() {}
  // From now on abort() (a broken invariant, the model library) does so. For one logger of a process.
  virtual void FlushOnAbort() {}

  void Debug(std::string_view m, std::initializer_list<LogField> f = {}) { Write(LogLevel::kDebug, m, f); }
  void Info(std::string_view m, std::initializer_list<LogField> f = {}) { Write(LogLevel::kInfo, m, f); }
  void Warning(std::string_view m, std::initializer_list<LogField> f = {}) {
    Write(LogLevel::kWarning, m, f);
  }
  void Error(std::string_view m, std::initializer_list<LogField> f = {}) { Write(LogLevel::kError, m, f); }
};

Result<LogLevel> ParseLogLevel(std::string_view word);
Result<LogFormat> ParseLogFormat(std::string_view word);

}  // namespace lares::base
