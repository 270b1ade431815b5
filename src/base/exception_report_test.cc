// SPDX-License-Identifier: Apache-2.0
#include "base/exception_report.h"

#include <new>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace lares::base {
namespace {

class KeepingLogger final : public Logger {
 public:
  bool Enabled(LogLevel) const override { return true; }
  void Write(LogLevel level, std::string_view, std::initializer_list<LogField> fields) override {
    EXPECT_EQ(level, LogLevel::kError);
    std::string line;
    for (const LogField& field : fields) line += std::string(std::get<std::string_view>(field.value)) + "|";
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

template <class E>
void Throw(ExceptionReport& report, std::string_view where, E exception) {
  try {
    throw exception;
  } catch (...) {
    report.Caught(where);
  }
}

TEST(ExceptionReport, EachKindIsLoggedOnceAndWithoutItsText) {
  KeepingLogger log;
  ExceptionReport report(log);
  for (int i = 0; i < 3; ++i) Throw(report, "pool", std::runtime_error("canary " + std::to_string(i)));
  Throw(report, "http", std::runtime_error("canary"));
  Throw(report, "pool", std::bad_alloc());
  Throw(report, "pool", 7);
  EXPECT_EQ(log.lines, (std::vector<std::string>{"pool|std::runtime_error|", "http|std::runtime_error|",
                                                 "pool|std::bad_alloc|", "pool|int|"}));
}

}  // namespace
}  // namespace lares::base
