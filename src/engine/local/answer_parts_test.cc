// SPDX-License-Identifier: Apache-2.0
#include "engine/local/answer_parts.h"

#include <gtest/gtest.h>

namespace lares::engine {
namespace {

TEST(AnswerParts, OnlyGrowthIsSent) {
  AnswerParts parts("r/0");
  core::Delta a, b, c;
  parts.Grow({.content = "", .reasoning = "thin", .tool_calls = {}}, a);
  EXPECT_EQ(a.reasoning, "thin");
  parts.Grow({.content = "ans", .reasoning = "think", .tool_calls = {}}, b);
  EXPECT_EQ(b.reasoning, "k");
  EXPECT_EQ(b.text, "ans");
  parts.Grow({.content = "answer", .reasoning = "think", .tool_calls = {}}, c);
  EXPECT_EQ(c.text, "wer");
  EXPECT_TRUE(c.reasoning.empty());
  EXPECT_FALSE(parts.has_tool_calls());
}

TEST(AnswerParts, ATextTakenBackIsNotSentTwice) {
  AnswerParts parts("r/0");
  core::Delta a, b;
  parts.Grow({.content = "hello <", .reasoning = "", .tool_calls = {}}, a);
  parts.Grow({.content = "hello", .reasoning = "", .tool_calls = {}}, b);
  EXPECT_TRUE(b.text.empty());
}

TEST(AnswerParts, WhatComesAfterATextTakenBackIsNotLost) {
  AnswerParts parts("r/0");
  core::Delta a, b, c, d;
  parts.Grow({.content = "abc<", .reasoning = "", .tool_calls = {}}, a);
  parts.Grow({.content = "abc", .reasoning = "", .tool_calls = {}}, b);
  parts.Grow({.content = "abcde", .reasoning = "", .tool_calls = {}}, c);
  EXPECT_EQ(a.text, "abc<");
  EXPECT_EQ(b.text, "");
  EXPECT_EQ(c.text, "de");
  parts.Grow({.content = "abcdef", .reasoning = "", .tool_calls = {}}, d);
  EXPECT_EQ(d.text, "f");
}

TEST(AnswerParts, CharactersAreSentWhole) {
  AnswerParts parts("r/0");
  core::Delta a, b, c, d;
  parts.Grow({.content = "x\xC3", .reasoning = "", .tool_calls = {}}, a);
  EXPECT_EQ(a.text, "x");
  parts.Grow({.content = "x\xC3\xA9", .reasoning = "", .tool_calls = {}}, b);
  EXPECT_EQ(b.text, "\xC3\xA9");
  // Another character that begins with the same byte.
  parts.Grow({.content = "x\xC3\xA8y", .reasoning = "", .tool_calls = {}}, c);
  EXPECT_EQ(c.text, "\xC3\xA8y");
  parts.Grow({.content = "x\xC3\xA8", .reasoning = "", .tool_calls = {}}, d);
  EXPECT_EQ(d.text, "");
}

TEST(AnswerParts, AToolCallSendsNameOnceAndArgumentsAsTheyGrow) {
  AnswerParts parts("r/0");
  core::Delta a, b, c;
  parts.Grow({.content = "", .reasoning = "", .tool_calls = {{"", "", ""}}}, a);
  EXPECT_TRUE(a.tool_calls.empty());
  parts.Grow({.content = "", .reasoning = "", .tool_calls = {{"", "weather", "{\"ci"}}}, b);
  ASSERT_EQ(b.tool_calls.size(), 1U);
  EXPECT_EQ(b.tool_calls[0].name, "weather");
  EXPECT_EQ(b.tool_calls[0].arguments, "{\"ci");
  EXPECT_FALSE(b.tool_calls[0].id.empty());
  parts.Grow({.content = "", .reasoning = "", .tool_calls = {{"", "weather", "{\"city\":1}"}}}, c);
  ASSERT_EQ(c.tool_calls.size(), 1U);
  EXPECT_TRUE(c.tool_calls[0].id.empty());
  EXPECT_EQ(c.tool_calls[0].arguments, "ty\":1}");
  EXPECT_TRUE(parts.has_tool_calls());
}

TEST(AnswerParts, IdsAreTheSameInAReplay) {
  AnswerParts first("r/0"), again("r/0"), other("r/1");
  core::Delta a, b, c;
  const backend::ParsedAnswer call{.content = "", .reasoning = "", .tool_calls = {{"", "f", "{}"}}};
  first.Grow(call, a);
  again.Grow(call, b);
  other.Grow(call, c);
  EXPECT_EQ(a.tool_calls[0].id, b.tool_calls[0].id);
  EXPECT_NE(a.tool_calls[0].id, c.tool_calls[0].id);
}

}  // namespace
}  // namespace lares::engine
