// SPDX-License-Identifier: Apache-2.0
#include "backend/fake/fake_parser.h"

#include <gtest/gtest.h>

namespace lares::backend {
namespace {

ParsedAnswer Parse(std::string_view text, bool partial = false, bool tools = true) {
  return FakeParser(tools).Parse(text, partial).value();
}

TEST(FakeParser, SplitsReasoningContentAndCalls) {
  const auto answer = Parse(
      R"(<think>why</think>Hi <tool_call>{"name":"f", "arguments": {"a": "}{\"", "b": {}}}</tool_call>!)");
  EXPECT_EQ(answer.reasoning, "why");
  EXPECT_EQ(answer.content, "Hi !");
  ASSERT_EQ(answer.tool_calls.size(), 1U);
  EXPECT_EQ(answer.tool_calls[0].name, "f");
  EXPECT_EQ(answer.tool_calls[0].arguments, R"({"a": "}{\"", "b": {}})");
}

TEST(FakeParser, SeveralCalls) {
  const auto answer = Parse(R"(<tool_call>{"name":"f","arguments":{}}</tool_call>)"
                            R"(<tool_call>{"name":"g","arguments":{"x":1}}</tool_call>)");
  ASSERT_EQ(answer.tool_calls.size(), 2U);
  EXPECT_EQ(answer.tool_calls[1].name, "g");
}

TEST(FakeParser, WithoutToolsACallIsContent) {
  const std::string text = R"(<tool_call>{"name":"f","arguments":{}}</tool_call>)";
  EXPECT_EQ(Parse(text, false, false).content, text);
}

TEST(FakeParser, ACallThatIsNoneIsContent) {
  EXPECT_EQ(Parse("<tool_call>nonsense</tool_call>").content, "<tool_call>nonsense</tool_call>");
  EXPECT_EQ(Parse("<tool_call>").content, "<tool_call>");
  EXPECT_EQ(Parse("<tool_call>", true).content, "");
}

TEST(FakeParser, AnAnswerOnlyGrows) {
  const std::string text =
      R"(a<b <think>x</thin</think>text < <tool_call>{"name":"fn","arguments":{"k":[1,"v"]}}</tool_call> end<)";
  ParsedAnswer before;
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const bool last = size == text.size();
    const auto now = Parse(text.substr(0, size), !last);
    ASSERT_TRUE(now.content.starts_with(before.content)) << size;
    ASSERT_TRUE(now.reasoning.starts_with(before.reasoning)) << size;
    ASSERT_GE(now.tool_calls.size(), before.tool_calls.size()) << size;
    for (std::size_t i = 0; i < before.tool_calls.size(); ++i) {
      ASSERT_EQ(now.tool_calls[i].name, before.tool_calls[i].name) << size;
      ASSERT_TRUE(now.tool_calls[i].arguments.starts_with(before.tool_calls[i].arguments)) << size;
    }
    before = now;
  }
  EXPECT_EQ(before.content, "a<b text <  end<");
  EXPECT_EQ(before.reasoning, "x</thin");
  EXPECT_EQ(before.tool_calls[0].arguments, R"({"k":[1,"v"]})");
}

}  // namespace
}  // namespace lares::backend
