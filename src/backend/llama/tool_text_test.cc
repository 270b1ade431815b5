// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/llama/grammar_check.h"
#include "backend/llama/tool_text_grammar.h"
#include "backend/llama/tool_text_parser.h"
#include "backend/llama/tools_as_text.h"

namespace lares::backend::llama {
namespace {

using testing::HasSubstr;

ParsedAnswer Parse(const std::string& text, bool partial = false) {
  const auto answer = MakeToolTextParser(nullptr)->Parse(text, partial);
  EXPECT_TRUE(answer);
  return *answer;
}

std::string TextOf(const core::Message& message) {
  return std::get<core::TextPart>(message.content.at(0)).text;
}

TEST(ToolTextParser, ReadsContentAndCalls) {
  const auto answer = Parse(
      "Let me look.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": [1, \"}\"]}}\n</tool_call>\n"
      "<tool_call>{\"arguments\": {}, \"name\": \"g\"}</tool_call>");
  EXPECT_EQ(answer.content, "Let me look.");
  ASSERT_EQ(answer.tool_calls.size(), 2U);
  EXPECT_EQ(answer.tool_calls[0].name, "f");
  EXPECT_EQ(answer.tool_calls[0].arguments, "{\"a\": [1, \"}\"]}");
  EXPECT_EQ(answer.tool_calls[1].name, "g");
  EXPECT_EQ(answer.tool_calls[1].arguments, "{}");
}

// A stream shows differences: what is there once may only grow.
TEST(ToolTextParser, EveryPrefixGrowsIntoTheNext) {
  const std::string text =
      "Yes <b> <tool\n<tool_call>\n{\"name\": \"a\\\"b\", \"arguments\": {\"x\": \"</tool_cal \\\" {\", "
      "\"y\": {}}}\n"
      "</tool_call>";
  ParsedAnswer before;
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const auto now = Parse(text.substr(0, length), length < text.size());
    EXPECT_TRUE(now.content.starts_with(before.content) || before.content.starts_with(now.content + "\n"))
        << length << ": " << before.content << " | " << now.content;
    ASSERT_GE(now.tool_calls.size(), before.tool_calls.size()) << length;
    if (!before.tool_calls.empty()) {
      EXPECT_EQ(now.tool_calls[0].name, before.tool_calls[0].name);
      EXPECT_TRUE(now.tool_calls[0].arguments.starts_with(before.tool_calls[0].arguments)) << length;
    }
    before = now;
  }
  EXPECT_EQ(before.tool_calls.at(0).name, "a\"b");
  EXPECT_EQ(before.tool_calls.at(0).arguments, "{\"x\": \"</tool_cal \\\" {\", \"y\": {}}");
}

TEST(ToolTextParser, ACallCutShortIsStillACall) {
  const auto answer = Parse("<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"unfini");
  ASSERT_EQ(answer.tool_calls.size(), 1U);
  EXPECT_EQ(answer.tool_calls[0].arguments, "{\"a\": \"unfini");
  EXPECT_EQ(Parse("<tool_call>nonsense</tool_call>").tool_calls.size(), 0U);
  EXPECT_EQ(Parse("only text <").content, "only text <");
  EXPECT_EQ(Parse("only text <", true).content, "only text ");
}

TEST(ToolsAsText, DescribesToolsAndRewritesHistory) {
  core::ChatPrompt prompt;
  prompt.messages = {
      {.role = "system", .content = {core::TextPart{"Be kind."}}},
      {.role = "user", .content = {core::TextPart{"Weather?"}}},
      {.role = "assistant", .tool_calls = {{.id = "1", .name = "f", .arguments = "{\"a\":1}"}}},
      {.role = "tool", .content = {core::TextPart{"sunny"}}, .tool_call_id = "1"}};
  prompt.tools = {{.name = "f", .description = "d", .parameters = R"({"type":"object"})"}};
  const auto plain = WithToolsAsText(prompt);
  ASSERT_EQ(plain.messages.size(), 4U);
  EXPECT_THAT(TextOf(plain.messages[0]), testing::AllOf(HasSubstr("Be kind."), HasSubstr("\"name\":\"f\"")));
  EXPECT_THAT(TextOf(plain.messages[2]),
              HasSubstr("<tool_call>\n{\"name\":\"f\",\"arguments\":{\"a\":1}}\n</tool_call>"));
  EXPECT_EQ(plain.messages[3].role, "user");
  EXPECT_THAT(TextOf(plain.messages[3]), HasSubstr("sunny"));

  prompt.messages.erase(prompt.messages.begin());
  EXPECT_EQ(WithToolsAsText(prompt).messages[0].role, "system");
}

TEST(ToolTextGrammar, IsSoundForAllTools) {
  const auto grammar = ToolTextGrammar(
      {{"get_weather", R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"]})"},
       {"a\"b", R"({"type":"object"})"}},
      true, true);
  ASSERT_TRUE(grammar) << grammar.error().message();
  EXPECT_TRUE(grammar->lazy);
  EXPECT_THAT(grammar->trigger_words, testing::ElementsAre("<tool_call>"));
  const auto checked = CheckGrammar(grammar->gbnf, kSchemaGrammarLimits);
  EXPECT_TRUE(checked) << checked.error().message() << "\n" << grammar->gbnf;
}

}  // namespace
}  // namespace lares::backend::llama
