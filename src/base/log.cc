// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <spdlog/fmt/fmt.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/clock.h"
#include "base/line_writer.h"
#include "base/utf8.h"

namespace lares::base {
namespace {

const char* Name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// Escapes so that one event is one line, a terminal is never driven by what somebody else wrote, and JSON
// stays UTF-8. `quoted`: between quotation marks, which are escaped, too.
void AppendEscaped(std::string& out, std::string_view text, bool quoted) {
  if (quoted) out += '"';
  for (const char c : ReplaceInvalidUtf8(text)) {
    if (quoted && (c == '"' || c == '\\')) {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (IsControl(c)) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  if (quoted) out += '"';
}

bool NeedsNoQuotes(std::string_view text) {
  return !text.empty() && IsValidUtf8(text) && std::ranges::none_of(text, [](char c) {
    return IsControl(c) || c == ' ' || c == '"' || c == '\\' || c == '=';
  });
}

void AppendValue(std::string& out, const LogField& field, bool json) {
  std::visit(
      [&](const auto& v) {
        using V = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<V, std::string_view>) {
          if (!json && NeedsNoQuotes(v)) {
            out += v;
          } else {
            AppendEscaped(out, v, true);
          }
        } else if constexpr (std::is_same_v<V, double>) {
          // JSON has no word for what is not a number.
          out += json && !std::isfinite(v) ? "null" : fmt::format("{:.3f}", v);
        } else {
          out += fmt::format("{}", v);
        }
      },
      field.value);
}

std::string TextLine(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = fmt::format("{} {:<7} ", Iso8601(std::chrono::system_clock::now()), Name(level));
  AppendEscaped(line, message, false);
  for (const LogField& f : fields) {
    line += ' ';
    line += f.key;
    line += '=';
    AppendValue(line, f, false);
  }
  return line;
}

std::string JsonLine(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","message":)",
                                 Iso8601(std::chrono::system_clock::now()), Name(level));
  AppendEscaped(line, message, true);
  for (const LogField& f : fields) {
    line += ',';
    AppendEscaped(line, f.key, true);
    line += ':';
    AppendValue(line, f, true);
  }
  return line + '}';
}

std::string Line(LogFormat format, LogLevel level, std::string_view message,
                 std::initializer_list<LogField> fields) {
  return format == LogFormat::kJson ? JsonLine(level, message, fields) : TextLine(level, message, fields);
}

LineWriter::Options WriterInto(const spdlog::sink_ptr& sink, LogFormat format) {
  sink->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
  return {.write =
              [sink](const std::string& line) {
                sink->log(spdlog::details::log_msg("lares", spdlog::level::info, line));
              },
          .flush = [sink] { sink->flush(); },
          .lost_line =
              [format](std::uint64_t lines) {
                return Line(format, LogLevel::kWarning,
                            "lines of the log were dropped: its reader is too slow",
                            {{"lines", static_cast<std::int64_t>(lines)}});
              }};
}

class AsyncLogger final : public Logger {
 public:
  AsyncLogger(const Options& options, const spdlog::sink_ptr& sink)
      : options_(options), writer_(WriterInto(sink, options.format)) {}
  bool Enabled(LogLevel level) const override { return level >= options_.level; }
  void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) override {
    if (!Enabled(level)) return;
    const bool kept = writer_.Push(Line(options_.format, level, message, fields));
    if (!kept && options_.dropped != nullptr) options_.dropped->Add();
  }
  void Flush() override { writer_.Flush(std::chrono::seconds(1)); }
  void FlushOnAbort() override { writer_.FlushOnAbort(); }

 private:
  const Options options_;
  LineWriter writer_;
};

class SilentLogger final : public Logger {
 public:
  bool Enabled(LogLevel) const override { return false; }
  void Write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace

Result<std::unique_ptr<Logger>> Logger::Open(const Options& options) {
  try {
    spdlog::sink_ptr sink;
    if (options.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      // Without a buffer of its own: at exit the C library would wait for a pipe that takes nothing.
      spdlog::file_event_handlers handlers;
      handlers.after_open = [](const spdlog::filename_t&, std::FILE* file) {
        std::setvbuf(file, nullptr, _IONBF, 0);
      };
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file, false, handlers);
    }
    return std::make_unique<AsyncLogger>(options, std::move(sink));
  } catch (const std::exception& e) {
    return Fail(Code::kFailedPrecondition, "cannot open the log: " + std::string(e.what()));
  }
}

std::unique_ptr<Logger> Logger::Silent() { return std::make_unique<SilentLogger>(); }

Result<LogLevel> ParseLogLevel(std::string_view word) {
  if (word == "debug") return LogLevel::kDebug;
  if (word == "info") return LogLevel::kInfo;
  if (word == "warning") return LogLevel::kWarning;
  if (word == "error") return LogLevel::kError;
  return Fail(Code::kInvalidArgument, "a log level is debug, info, warning or error");
}

Result<LogFormat> ParseLogFormat(std::string_view word) {
  if (word == "text") return LogFormat::kText;
  if (word == "json") return LogFormat::kJson;
  return Fail(Code::kInvalidArgument, "a log format is text or json");
}

}  // namespace lares::base
