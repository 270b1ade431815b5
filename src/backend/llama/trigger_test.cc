// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/trigger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lares::backend::llama {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Trigger Make(const Grammar& grammar) {
  auto made = Trigger::Make(grammar);
  EXPECT_TRUE(made);
  return std::move(*made);
}

TEST(Trigger, AWordAcrossTokensFeedsThoseThatOverlap) {
  auto trigger = Make({.trigger_words = {"<call>"}});
  EXPECT_THAT(trigger.Feed(1, "hello "), IsEmpty());
  EXPECT_THAT(trigger.Feed(2, "x<ca"), IsEmpty());
  EXPECT_THAT(trigger.Feed(3, "ll"), IsEmpty());
  EXPECT_THAT(trigger.Feed(4, ">{"), ElementsAre(2, 3, 4));
}

TEST(Trigger, ATokenFeedsItself) {
  auto trigger = Make({.trigger_tokens = {7}});
  EXPECT_THAT(trigger.Feed(1, "a"), IsEmpty());
  EXPECT_THAT(trigger.Feed(7, ""), ElementsAre(7));
}

TEST(Trigger, AnchorsMeanTheWholeAnswer) {
  auto trigger = Make({.trigger_patterns = {"^go$"}});
  EXPECT_THAT(trigger.Feed(1, "g"), IsEmpty());
  EXPECT_THAT(trigger.Feed(2, "o"), ElementsAre(1, 2));

  auto late = Make({.trigger_patterns = {"(?:^|;)(go)"}});
  for (int i = 0; i < 400; ++i) EXPECT_THAT(late.Feed(i, "-g"), IsEmpty());
  EXPECT_THAT(late.Feed(400, "go"), IsEmpty()) << "not at the beginning any more";
  EXPECT_THAT(late.Feed(401, ";go"), ElementsAre(401));
}

TEST(Trigger, AWordIsFoundFarIntoTheAnswer) {
  auto trigger = Make({.trigger_words = {"<call>"}});
  for (int i = 0; i < 5000; ++i) ASSERT_THAT(trigger.Feed(1, "some words "), IsEmpty());
  EXPECT_THAT(trigger.Feed(2, "<call"), IsEmpty());
  EXPECT_THAT(trigger.Feed(3, ">"), ElementsAre(2, 3));
}

TEST(Trigger, WhatIsThoughtAloudDoesNotCount) {
  Grammar grammar{.trigger_words = {"<call>"}};
  grammar.reasoning_start = "<think>";
  grammar.reasoning_ends = {"</think>"};
  auto trigger = Make(grammar);
  EXPECT_THAT(trigger.Feed(1, "<think>"), IsEmpty());
  EXPECT_THAT(trigger.Feed(2, "I could <call>"), IsEmpty());
  EXPECT_THAT(trigger.Feed(3, "</think>"), IsEmpty());
  EXPECT_THAT(trigger.Feed(4, "<call>"), ElementsAre(4));

  grammar.generation_prompt = "assistant\n<think>\n";
  auto begun = Make(grammar);
  EXPECT_THAT(begun.Feed(2, "<call>"), IsEmpty()) << "the template began the reasoning";
  EXPECT_THAT(begun.Feed(3, "</think>"), IsEmpty());
  EXPECT_THAT(begun.Feed(4, "<call>"), ElementsAre(4));
}

TEST(Trigger, AWrongExpressionIsAnError) { EXPECT_FALSE(Trigger::Make({.trigger_patterns = {"("}})); }

}  // namespace
}  // namespace lares::backend::llama
