// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/log_bridge.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <llama.h>

namespace lares::backend::llama {
namespace {

class Recorder final : public base::Logger {
 public:
  bool Enabled(base::LogLevel /*level*/) const override { return true; }
  void Write(base::LogLevel level, std::string_view message,
             std::initializer_list<base::LogField> /*f*/) override {
    lines.push_back(std::to_string(static_cast<int>(level)) + ":" + std::string(message));
  }
  std::vector<std::string> lines;
};

// As the library does it.
void Say(ggml_log_level level, const char* text) {
  ggml_log_callback callback = nullptr;
  void* user = nullptr;
  llama_log_get(&callback, &user);
  callback(level, text, user);
}

TEST(LogBridge, MapsLevelsJoinsLinesAndMutesQuotes) {
  Recorder log;
  {
    const LogBridge bridge(log);
    Say(GGML_LOG_LEVEL_INFO, "a page of numbers\n");
    Say(GGML_LOG_LEVEL_WARN, "half a ");
    Say(GGML_LOG_LEVEL_CONT, "line\n");
    Say(GGML_LOG_LEVEL_DEBUG, "Grammar triggered on regex: 'canary'\n");
    Say(GGML_LOG_LEVEL_DEBUG, "canary");
    Say(GGML_LOG_LEVEL_CONT, "canary\n");
    Say(GGML_LOG_LEVEL_INFO, ".");
    Say(GGML_LOG_LEVEL_WARN, "decode: removing memory module entries for seq_id = 0\n");
    Say(GGML_LOG_LEVEL_ERROR, (std::string(5000, 'x') + "\n").c_str());
  }
  Say(GGML_LOG_LEVEL_ERROR, "nobody listens\n");
  ASSERT_EQ(log.lines.size(), 4U);
  EXPECT_EQ(log.lines[0], "0:a page of numbers");
  EXPECT_EQ(log.lines[1], "2:half a line");
  EXPECT_EQ(log.lines[2].substr(0, 2), "0:");
  EXPECT_LT(log.lines[3].size(), 600U);
}

TEST(LogBridge, TheNewestWinsAndGivesWay) {
  Recorder first;
  Recorder second;
  const LogBridge outer(first);
  {
    const LogBridge inner(second);
    Say(GGML_LOG_LEVEL_WARN, "two\n");
  }
  Say(GGML_LOG_LEVEL_WARN, "one\n");
  EXPECT_THAT(first.lines, testing::ElementsAre("2:one"));
  EXPECT_THAT(second.lines, testing::ElementsAre("2:two"));
}

}  // namespace
}  // namespace lares::backend::llama
