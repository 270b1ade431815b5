// SPDX-License-Identifier: Apache-2.0
#include "cli/stream_event.h"

#include <gtest/gtest.h>

namespace lares::cli {
namespace {

TEST(ParseStreamEvent, ReadsChatAndPlainCompletions) {
  auto event = ParseStreamEvent(R"({"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]})");
  EXPECT_EQ(event.text, "hi");
  EXPECT_EQ(event.finish, "");
  event = ParseStreamEvent(R"({"choices":[{"text":"ho","finish_reason":"length"}],"usage":null})");
  EXPECT_EQ(event.text, "ho");
  EXPECT_EQ(event.finish, "length");
  EXPECT_FALSE(event.usage);
  event = ParseStreamEvent(R"({"choices":[{"delta":{"reasoning_content":"hm","content":null}}]})");
  EXPECT_EQ(event.reasoning, "hm");
  EXPECT_EQ(event.text, "");
}

TEST(ParseStreamEvent, ReadsUsage) {
  const auto event = ParseStreamEvent(
      R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":5}}})");
  ASSERT_TRUE(event.usage);
  EXPECT_EQ(event.usage->prompt, 7);
  EXPECT_EQ(event.usage->completion, 3);
  EXPECT_EQ(event.usage->cached, 5);
}

TEST(ParseStreamEvent, KnowsTheEndAndErrors) {
  EXPECT_TRUE(ParseStreamEvent("[DONE]").done);
  const auto event = ParseStreamEvent(R"({"error":{"message":"no","code":"c"}})");
  ASSERT_TRUE(event.error);
  EXPECT_EQ(event.error->message, "no");
  EXPECT_EQ(event.error->code, "c");
  EXPECT_FALSE(ParseStreamEvent(R"({"error":null})").error);
}

TEST(ParseStreamEvent, SurvivesOtherShapes) {
  EXPECT_TRUE(ParseStreamEvent("nonsense").broken);
  EXPECT_TRUE(ParseStreamEvent("[1]").broken);
  EXPECT_EQ(ParseStreamEvent(R"({"choices":[1,{"delta":7},{"text":[]}],"usage":3})").text, "");
  EXPECT_TRUE(ParseStreamEvent(std::string(1'000'000, '[')).broken);
}

TEST(ParseWholeAnswer, ReadsMessages) {
  const auto event = ParseWholeAnswer(
      R"({"choices":[{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"usage":{"completion_tokens":1}})");
  EXPECT_EQ(event.text, "yes");
  EXPECT_EQ(event.finish, "stop");
}

TEST(ParseErrorBody, FindsAMessageInEveryShape) {
  EXPECT_EQ(ParseErrorBody(R"({"error":{"message":"a"}})").message, "a");
  EXPECT_EQ(ParseErrorBody(R"({"error":"b"})").message, "b");
  EXPECT_EQ(ParseErrorBody(R"({"detail":"c"})").message, "c");
  EXPECT_EQ(ParseErrorBody("<html>bad gateway").message, "<html>bad gateway");
  EXPECT_EQ(ParseErrorBody("").message, "");
  EXPECT_EQ(ParseErrorBody(R"({"error":)" + std::string(500'000, '[')).message.substr(0, 3), "{\"e");
}

}  // namespace
}  // namespace lares::cli
