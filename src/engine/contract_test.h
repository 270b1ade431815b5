// SPDX-License-Identifier: Apache-2.0
//
// What every Engine must keep. An implementation instantiates it with a factory of engines whose model is
// deterministic at temperature 0, holds at least 512 tokens of context and at least 4 sequences:
//
//   INSTANTIATE_TEST_SUITE_P(Local, EngineContract, testing::Values(&MakeLocalEngine));
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/engine_under_test.h"
#include "engine/recording_sink.h"

namespace lares::engine {

using EngineFactory = std::unique_ptr<EngineUnderTest> (*)();

class EngineContract : public testing::TestWithParam<EngineFactory> {
 protected:
  static core::GenerateRequest Ask(std::string id, std::string text, std::int32_t max_tokens = 24) {
    core::GenerateRequest request;
    request.id = std::move(id);
    request.prompt = core::TextPrompt{.text = std::move(text)};
    request.sampling.temperature = 0;
    request.max_tokens = max_tokens;
    request.ignore_eos = true;
    return request;
  }

  Record Finish(core::GenerateRequest request) {
    const std::string id = request.id;
    const auto submitted = engine().Submit(std::move(request), sink_);
    EXPECT_TRUE(submitted) << submitted.error().message();
    return sink_->Wait(id);
  }

  Engine& engine() { return under_test_->engine(); }

  std::shared_ptr<RecordingSink> sink_ = std::make_shared<RecordingSink>();
  std::unique_ptr<EngineUnderTest> under_test_ = GetParam()();
};

TEST_P(EngineContract, AnAnswerIsAdmittedThenTokensThenOneTerminal) {
  const Record r = Finish(Ask("a", "The quick brown fox", 10));
  ASSERT_EQ(r.admitted.size(), 1U);
  ASSERT_EQ(r.terminals.size(), 1U);
  EXPECT_FALSE(r.terminals[0].error);
  EXPECT_FALSE(r.late);
  EXPECT_EQ(r.Ids().size(), 10U);
  EXPECT_EQ(r.Finishes(), std::vector{core::FinishReason::kLength});
  EXPECT_EQ(r.terminals[0].usage.completion_tokens, 10);
  EXPECT_EQ(r.terminals[0].usage.prompt_tokens, r.admitted[0].prompt_tokens);
}

TEST_P(EngineContract, CountSaysWhatUsageWillSay) {
  const auto counted = engine().Count(Ask("c", "one two three four"));
  ASSERT_TRUE(counted);
  EXPECT_EQ(*counted, Finish(Ask("d", "one two three four", 1)).terminals[0].usage.prompt_tokens);
}

TEST_P(EngineContract, ABadRequestEndsWithItsErrorAndIsNeverAdmitted) {
  auto request = Ask("bad", "");
  request.prompt = core::TokenPrompt{.tokens = {-5}};
  const Record r = Finish(std::move(request));
  ASSERT_EQ(r.terminals.size(), 1U);
  ASSERT_TRUE(r.terminals[0].error);
  EXPECT_EQ(r.terminals[0].error->code(), base::Code::kInvalidArgument);
  EXPECT_TRUE(r.admitted.empty());
}

TEST_P(EngineContract, APromptThatCanNeverFitSaysBothNumbers) {
  const auto status = engine().Status();
  const Record r = Finish(Ask("long", "word", status.context_tokens + 1));
  ASSERT_TRUE(r.terminals[0].error);
  EXPECT_EQ(r.terminals[0].error->reason(), "context_length_exceeded");
  EXPECT_NE(r.terminals[0].error->message().find(std::to_string(status.context_tokens)), std::string::npos);
}

TEST_P(EngineContract, CancelEndsWithinAStep) {
  sink_->HoldAt("x", 3);
  ASSERT_TRUE(engine().Submit(Ask("x", "endless", 400), sink_));
  sink_->WaitForIds("x", 3);
  engine().Cancel("x");
  engine().Cancel("x");
  engine().Cancel("never seen");
  sink_->Release();
  const Record r = sink_->Wait("x");
  ASSERT_EQ(r.terminals.size(), 1U);
  ASSERT_TRUE(r.terminals[0].error);
  EXPECT_EQ(r.terminals[0].error->code(), base::Code::kCancelled);
  EXPECT_LE(r.Ids().size(), 4U);
}

TEST_P(EngineContract, AnIdRunsOnce) {
  sink_->HoldAt("same", 1);
  ASSERT_TRUE(engine().Submit(Ask("same", "text", 30), sink_));
  const auto again = engine().Submit(Ask("same", "text", 30), sink_);
  sink_->Release();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), base::Code::kAlreadyExists);
  EXPECT_EQ(sink_->Wait("same").terminals.size(), 1U);
}

TEST_P(EngineContract, ManyAtOnceGetWhatEachGetsAlone) {
  const auto ask = [](const std::string& name, int i) {
    return Ask(name + std::to_string(i), "prompt number " + std::to_string(i), 120);
  };
  std::vector<std::string> alone;
  for (int i = 0; i < 12; ++i) alone.push_back(Finish(ask("alone", i)).Text());
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(engine().Submit(ask("m", i), sink_));
  std::int32_t preemptions = 0;
  for (int i = 0; i < 12; ++i) {
    const Record r = sink_->Wait("m" + std::to_string(i));
    EXPECT_EQ(r.Text(), alone[static_cast<std::size_t>(i)]) << i;
    EXPECT_EQ(r.Ids().size(), 120U) << i;
    ASSERT_EQ(r.terminals.size(), 1U);
    EXPECT_FALSE(r.terminals[0].error) << i;
    preemptions += r.terminals[0].timings.preemptions;
  }
  if (under_test_->preempts()) {
    EXPECT_GT(preemptions, 0);
  }
}

TEST_P(EngineContract, EachChoiceFinishesOnce) {
  auto request = Ask("n", "several answers", 6);
  request.choices = 3;
  request.sampling.temperature = 1;
  request.sampling.seed = 7;
  const Record r = Finish(std::move(request));
  for (std::int32_t c = 0; c < 3; ++c) {
    EXPECT_EQ(r.Finishes(c).size(), 1U) << c;
    EXPECT_EQ(r.Ids(c).size(), 6U) << c;
  }
  EXPECT_EQ(r.terminals[0].usage.completion_tokens, 18);
}

// The same request with the ids already produced goes on where it stopped, sampled answers included.
TEST_P(EngineContract, AContinuationGivesTheRestOfTheSameAnswer) {
  for (const float temperature : {0.0F, 1.0F}) {
    const std::string tag = temperature == 0 ? "greedy" : "sampled";
    auto whole = Ask("whole-" + tag, "tell me a story", 20);
    whole.sampling.temperature = temperature;
    whole.sampling.seed = 42;
    whole.sampling.frequency_penalty = 0.5F;
    const std::vector<core::TokenId> ids = Finish(whole).Ids();
    ASSERT_EQ(ids.size(), 20U);
    for (const std::size_t at : {1U, 7U, 19U}) {
      auto rest = whole;
      rest.id = "rest-" + tag + std::to_string(at);
      rest.produced = {{ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(at)}};
      const Record r = Finish(rest);
      EXPECT_EQ(r.Ids(), std::vector(ids.begin() + static_cast<std::ptrdiff_t>(at), ids.end())) << tag << at;
      EXPECT_EQ(r.terminals[0].usage.completion_tokens, 20);
    }
  }
}

TEST_P(EngineContract, AStopStringEndsTheAnswerAndIsNotInIt) {
  const std::string text = Finish(Ask("plain", "stop here", 40)).Text();
  ASSERT_GT(text.size(), 8U);
  const std::string stop = text.substr(4, 3);
  auto request = Ask("stopped", "stop here", 40);
  request.stop = {stop};
  const Record r = Finish(std::move(request));
  EXPECT_EQ(r.Text(), text.substr(0, text.find(stop)));
  EXPECT_EQ(r.Finishes(), std::vector{core::FinishReason::kStop});
}

TEST_P(EngineContract, TokensComeBackAsTheirText) {
  const auto tokens = engine().Tokenize({.text = "hello, world", .add_special = false});
  ASSERT_TRUE(tokens);
  EXPECT_EQ(engine().Detokenize(*tokens).value(), "hello, world");
  const std::vector<core::TokenId> wrong = {1 << 30};
  EXPECT_FALSE(engine().Detokenize(wrong));
}

TEST_P(EngineContract, ADeadlineInThePastEndsTheRequest) {
  auto request = Ask("late", "too late", 300);
  request.deadline = base::Time{} + std::chrono::nanoseconds(1);
  const Record r = Finish(std::move(request));
  ASSERT_TRUE(r.terminals[0].error);
  EXPECT_EQ(r.terminals[0].error->code(), base::Code::kDeadlineExceeded);
}

TEST_P(EngineContract, EmbeddingsHaveUnitLengthAndOrder) {
  core::EmbedRequest request;
  request.inputs = {core::TextPrompt{.text = "first"}, core::TextPrompt{.text = "second"}};
  const auto answer = engine().Embed(request, {});
  ASSERT_TRUE(answer) << answer.error().message();
  ASSERT_EQ(answer->vectors.size(), 2U);
  for (const auto& v : answer->vectors) {
    double norm = 0;
    for (const float x : v) norm += static_cast<double>(x) * x;
    EXPECT_NEAR(norm, 1.0, 1e-4);
  }
  EXPECT_NE(answer->vectors[0], answer->vectors[1]);
}

TEST_P(EngineContract, AModelThatGeneratesDoesNotRank) {
  const auto answer = engine().Rank({.query = "q", .documents = {"d"}}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(answer.error().reason(), "model_cannot_rank");
}

TEST_P(EngineContract, EmbeddingsEndEarlyWhenToldTo) {
  core::EmbedRequest request;
  request.inputs = {core::TextPrompt{.text = "first"}};
  std::stop_source gone;
  gone.request_stop();
  EXPECT_EQ(engine().Embed(request, gone.get_token()).error().code(), base::Code::kCancelled);
  request.deadline = base::Time{} + std::chrono::nanoseconds(1);
  EXPECT_EQ(engine().Embed(request, {}).error().code(), base::Code::kDeadlineExceeded);
}

}  // namespace lares::engine
