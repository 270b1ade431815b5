// SPDX-License-Identifier: Apache-2.0
//
// An answer under a real grammar, rebuilt from its ids after any of them, goes on as the live one. (With toy
// grammars and everything else an answer consists of: engine/local/choice_test.cc.)
#include <random>

#include <gtest/gtest.h>

#include "backend/llama/real_backend_test.h"
#include "engine/local/preparation.h"

namespace lares::backend::llama {
namespace {

using engine::Choice;

using ChoiceReplayTest = RealModelTest;

// Favourites among ordinary tokens, other ones after each list of ids; most are against the grammar.
std::vector<float> LogitsAfter(std::uint64_t seed, std::span<const core::TokenId> ids,
                               std::int32_t vocabulary) {
  for (const core::TokenId id : ids) seed = (seed ^ static_cast<std::uint64_t>(id + 1)) * 0x9E3779B97F4A7C15U;
  std::minstd_rand random(static_cast<std::uint32_t>(seed >> 32U) + 1);
  std::vector<float> logits(static_cast<std::size_t>(vocabulary));
  for (float& logit : logits) logit = static_cast<float>(random() % 1000) / 250.0F;
  return logits;
}

core::GenerateRequest Constrained(core::ToolChoice choice, const char* schema) {
  core::ChatPrompt prompt;
  prompt.messages = {{.role = "user", .content = {core::TextPart{"Hello there!"}}}};
  core::GenerateRequest request;
  request.id = "r";
  if (choice == core::ToolChoice::kNone) {
    request.response_format = {.kind = core::ResponseFormat::Kind::kJsonSchema, .text = schema};
  } else {
    prompt.tools = {{.name = "get_weather", .description = "The weather", .parameters = schema}};
    prompt.tool_choice = choice;
  }
  request.prompt = prompt;
  request.max_tokens = 40;
  request.sampling.seed = 11;
  request.sampling.temperature = 0.8F;
  request.sampling.frequency_penalty = 0.3F;
  request.stop = {"Rome\"}"};
  return request;
}

TEST_F(ChoiceReplayTest, ARealGrammarIsRebuiltFromTheIds) {
  constexpr const char* kSchema =
      R"({"type":"object","properties":{"city":{"type":"string","maxLength":12},"days":{"type":"array","items":{"type":"integer"}},"kind":{"enum":["é東","Rome"]}},"required":["city","days","kind"]})";
  const std::int32_t vocabulary = backend().facts().vocabulary;
  std::mt19937_64 random(3);
  for (const auto tool_choice :
       {core::ToolChoice::kNone, core::ToolChoice::kRequired, core::ToolChoice::kAuto}) {
    const auto request = Constrained(tool_choice, kSchema);
    auto prepared = engine::Prepare(backend(), request, {.context = 512, .default_max_new = 100});
    ASSERT_TRUE(prepared) << prepared.error().message();
    const std::uint64_t seed = random();
    std::vector<core::TokenId> ids;
    std::vector<Choice::Advance> live;
    Choice& choice = *prepared->choices[0];
    while (!choice.finished()) {
      live.push_back(choice.Next(LogitsAfter(seed, ids, vocabulary)));
      ASSERT_FALSE(live.back().error) << live.back().error->message();
      ids.push_back(live.back().token);
    }
    for (int i = 0; i < 3; ++i) {
      const std::size_t kept = random() % (ids.size() + 1);
      const auto again = engine::MakeChoice(backend(), *prepared->recipe, 0, std::span(ids).first(kept));
      ASSERT_TRUE(again);
      const std::size_t end = std::min(kept + 12, ids.size());  // masking a whole vocabulary takes its time
      for (std::size_t at = kept; at < end; ++at) {
        const auto next = (*again)->Next(LogitsAfter(seed, std::span(ids).first(at), vocabulary));
        ASSERT_EQ(next.token, live[at].token) << "rebuilt after " << kept << ", at " << at;
        ASSERT_EQ(next.delta, live[at].delta);
      }
    }
  }
}

}  // namespace
}  // namespace lares::backend::llama
