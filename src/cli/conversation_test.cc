// SPDX-License-Identifier: Apache-2.0
#include "cli/conversation.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lares::cli {
namespace {

TEST(Conversation, BecomesARequest) {
  Conversation conversation("be brief");
  conversation.Ask("你好");
  conversation.Answer("hello");
  conversation.Ask("why?");
  RunOptions options{
      .model = "m", .prompt = {}, .system = {}, .temperature = 0.5, .seed = 7, .max_tokens = 9};
  const auto body = nlohmann::json::parse(conversation.Body(options, true));
  EXPECT_EQ(body["model"], "m");
  EXPECT_EQ(body["temperature"], 0.5);
  EXPECT_EQ(body["seed"], 7);
  EXPECT_EQ(body["max_tokens"], 9);
  EXPECT_EQ(body["stream"], true);
  ASSERT_EQ(body["messages"].size(), 4U);
  EXPECT_EQ(body["messages"][0]["role"], "system");
  EXPECT_EQ(body["messages"][1]["content"], "你好");
  EXPECT_EQ(body["messages"][2]["role"], "assistant");
  EXPECT_EQ(body["messages"][3]["content"], "why?");
  const auto bare = nlohmann::json::parse(Conversation("").Body({}, false));
  EXPECT_FALSE(bare.contains("model"));
  EXPECT_EQ(bare["temperature"], 0.7) << "the API's own default makes small models ramble";
}

TEST(Conversation, BrokenUtf8DoesNotEndTheProgram) {
  Conversation conversation("");
  conversation.Ask("\xFF\xC3");
  EXPECT_NE(conversation.Body({}, true), "");
}

TEST(Conversation, DropsTheOldestTurnsUntilItFits) {
  Conversation conversation("");
  for (int i = 0; i < 4; ++i) {
    conversation.Ask(std::string(100, 'q'));
    conversation.Answer(std::string(68, 'a'));
  }
  EXPECT_EQ(conversation.FitInto(100), 0U);  // nothing was measured: nothing is dropped
  conversation.Measured(400);                // 100 tokens a turn
  EXPECT_EQ(conversation.FitInto(1000), 0U);
  EXPECT_EQ(conversation.FitInto(400), 1U);  // 300 of 400 are used then, a quarter is free
  EXPECT_EQ(conversation.turns().size(), 3U);
  EXPECT_EQ(conversation.FitInto(10), 2U);  // the last turn always stays
  EXPECT_EQ(conversation.turns().size(), 1U);
  EXPECT_FALSE(conversation.DropOldest());
}

TEST(Conversation, ClearForgetsEverythingButTheInstructions) {
  Conversation conversation("s");
  conversation.Ask("q");
  conversation.Measured(10);
  conversation.Clear();
  EXPECT_TRUE(conversation.turns().empty());
  EXPECT_EQ(conversation.system(), "s");
  EXPECT_EQ(conversation.EstimatedTokens(), std::nullopt);
}

TEST(Conversation, CanBeWrittenDown) {
  Conversation conversation("s");
  conversation.Ask("q");
  conversation.Answer("a");
  EXPECT_EQ(conversation.AsMarkdown(), "**System:** s\n\n**You:** q\n\n**Model:** a\n\n");
  EXPECT_EQ(nlohmann::json::parse(conversation.AsJson())["messages"].size(), 3U);
}

}  // namespace
}  // namespace lares::cli
