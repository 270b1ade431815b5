// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <cstdio>
#include <fstream>
#include <limits>
#include <regex>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/metrics.h"

namespace lares::base {
namespace {

class Log : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "lares_log_test_" + std::to_string(getpid());
    std::remove(path_.c_str());
  }
  void TearDown() override { std::remove(path_.c_str()); }
  std::unique_ptr<Logger> Open(LogFormat format, LogLevel level = LogLevel::kInfo) {
    return std::move(Logger::Open({.level = level, .format = format, .file = path_}).value());
  }
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    std::ifstream file(path_);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  std::string path_;
};

TEST_F(Log, TextIsALineForPeople) {
  Open(LogFormat::kText)
      ->Info("listening", {{"port", std::int64_t{8080}},
                           {"tls", false},
                           {"seconds", 1.5},
                           {"model", std::string_view("a b")},
                           {"id", std::string_view("x1")}});
  ASSERT_EQ(Lines().size(), 1U);
  EXPECT_TRUE(std::regex_match(
      Lines()[0],
      std::regex(
          R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ info +listening port=8080 tls=false seconds=1.500 model="a b" id=x1)")))
      << Lines()[0];
}

TEST_F(Log, JsonIsAnObjectPerLine) {
  Open(LogFormat::kJson)
      ->Warning("slow \"disk\"", {{"path", std::string_view("a\nb\x01")}, {"n", std::int64_t{-1}}});
  ASSERT_EQ(Lines().size(), 1U);
  EXPECT_TRUE(Lines()[0].starts_with(R"({"time":")")) << Lines()[0];
  EXPECT_TRUE(
      Lines()[0].ends_with(R"(,"level":"warning","message":"slow \"disk\"","path":"a\nb\u0001","n":-1})"))
      << Lines()[0];
}

// Whatever somebody else wrote, one event stays one line and never drives a terminal.
TEST_F(Log, ForeignBytesCannotForgeALine) {
  const std::string_view evil = "x\n2026-01-01T00:00:00Z info forged\r\x1b[2J";
  {
    const auto text = Open(LogFormat::kText);
    text->Info(evil, {{"model", evil}});
  }
  {
    const auto json = Open(LogFormat::kJson);
    json->Info(evil, {{"model", evil}});
  }
  ASSERT_EQ(Lines().size(), 2U);
  for (const std::string& line : Lines()) {
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
  }
}

TEST_F(Log, JsonStaysUtf8) {
  Open(LogFormat::kJson)->Info("m", {{"a", std::string_view("x\xFFy")}});
  ASSERT_EQ(Lines().size(), 1U);
  EXPECT_TRUE(Lines()[0].ends_with("\"a\":\"x\xEF\xBF\xBDy\"}")) << Lines()[0];
}

TEST_F(Log, JsonHasNoNumbersThatAreNone) {
  Open(LogFormat::kJson)
      ->Info("m", {{"a", std::numeric_limits<double>::quiet_NaN()},
                   {"b", std::numeric_limits<double>::infinity()}});
  ASSERT_EQ(Lines().size(), 1U);
  EXPECT_TRUE(Lines()[0].ends_with(R"("a":null,"b":null})")) << Lines()[0];
}

TEST_F(Log, LevelsFilter) {
  const auto logger = Open(LogFormat::kText, LogLevel::kWarning);
  EXPECT_FALSE(logger->Enabled(LogLevel::kInfo));
  EXPECT_TRUE(logger->Enabled(LogLevel::kError));
  logger->Info("no");
  logger->Error("yes");
  logger->Flush();
  ASSERT_EQ(Lines().size(), 1U);
  EXPECT_NE(Lines()[0].find("yes"), std::string::npos);
}

TEST_F(Log, AFileThatCannotBeOpenedIsAnError) {
  EXPECT_EQ(Logger::Open({.file = testing::TempDir()}).error().code(), Code::kFailedPrecondition);
}

// A reader that has paused (a full pipe) stops nobody who logs; afterwards it is told what it missed.
TEST_F(Log, APausedReaderStopsNobody) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const int reader = open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  Metrics metrics;
  Counter& dropped = metrics.AddCounter("dropped", "Lines.");
  auto log = Logger::Open({.file = path_, .dropped = &dropped}).value();
  const std::string text(100'000, 'x');
  for (int i = 0; i < 100; ++i) log->Info(text);
  EXPECT_GT(dropped.Value(), 0);
  EXPECT_LT(dropped.Value(), 100);
  ASSERT_EQ(fcntl(reader, F_SETFL, 0), 0);  // now it reads, and waits for what comes
  std::string seen;
  std::vector<char> buffer(1 << 16);
  while (seen.find("were dropped") == std::string::npos) {
    const ssize_t got = read(reader, buffer.data(), buffer.size());
    ASSERT_GT(got, 0);
    seen.append(buffer.data(), static_cast<std::size_t>(got));
  }
  log.reset();
  close(reader);
}

TEST(LogWords, AreParsedOrRefused) {
  EXPECT_EQ(ParseLogLevel("warning").value(), LogLevel::kWarning);
  EXPECT_EQ(ParseLogLevel("loud").error().code(), Code::kInvalidArgument);
  EXPECT_EQ(ParseLogFormat("json").value(), LogFormat::kJson);
  EXPECT_FALSE(ParseLogFormat("xml").has_value());
}

}  // namespace
}  // namespace lares::base
