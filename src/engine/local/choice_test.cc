// SPDX-License-Identifier: Apache-2.0
#include "engine/local/choice.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backend/fake/fake_backend.h"
#include "backend/fake/fake_constraint.h"
#include "backend/fake/fake_parser.h"

namespace lares::engine {
namespace {

using backend::FakeBackend;
using backend::FakeParser;

// Counts how often it is asked, and how many bytes it has to look at.
class CountingParser final : public backend::AnswerParser {
 public:
  explicit CountingParser(bool tools) : parser_(tools) {}
  base::Result<backend::ParsedAnswer> Parse(std::string_view text, bool partial) const override {
    ++calls;
    bytes += text.size();
    return parser_.Parse(text, partial);
  }
  mutable std::size_t calls = 0, bytes = 0;

 private:
  FakeParser parser_;
};

std::vector<float> Favour(core::TokenId token) {
  std::vector<float> logits(512, 0.0F);
  logits[static_cast<std::size_t>(token)] = 100.0F;
  return logits;
}

struct Written {
  std::string text;
  std::size_t deltas = 0;        // with text
  std::size_t longest_wait = 0;  // tokens without any
};

Written Write(Choice& choice, std::size_t tokens) {
  Written written;
  std::size_t waits = 0;
  for (std::size_t i = 0; i < tokens; ++i) {
    const auto advance = choice.Next(Favour('a' + static_cast<core::TokenId>(i % 26)));
    written.text += advance.delta.text;
    waits = advance.delta.text.empty() ? waits + 1 : 0;
    written.deltas += advance.delta.text.empty() ? 0 : 1;
    written.longest_wait = std::max(written.longest_wait, waits);
  }
  return written;
}

ChoiceOptions WithParser(std::shared_ptr<const backend::AnswerParser> parser, std::int32_t max_new) {
  ChoiceOptions options;
  options.request = "r";
  options.max_new = max_new;
  options.parser = std::move(parser);
  options.sampler.params.temperature = 0;
  return options;
}

TEST(Choice, AShortAnswerIsReadAfterEachToken) {
  FakeBackend backend;
  const auto parser = std::make_shared<CountingParser>(true);
  Choice choice(backend, WithParser(parser, 4000), nullptr);
  const Written written = Write(choice, 4000);
  EXPECT_EQ(written.deltas, 4000U);
  EXPECT_EQ(written.text.size(), 4000U);
}

TEST(Choice, ReadingALongAnswerCostsAConstantForEachOfItsBytes) {
  FakeBackend backend;
  const auto parser = std::make_shared<CountingParser>(true);
  constexpr std::size_t kTokens = 200'000;
  Choice choice(backend, WithParser(parser, kTokens), nullptr);
  const Written written = Write(choice, kTokens);
  EXPECT_EQ(written.text.size(), kTokens) << "nothing is missing at the end";
  // 4,096 times while it is short; then each time the text has grown by 1/128: 128 * ln(200,000 / 4,096).
  EXPECT_LT(parser->calls, 4096U + 600U);
  EXPECT_LT(parser->bytes, 4096U * 4096U / 2 + 140U * kTokens);
  EXPECT_LE(written.longest_wait, kTokens / Choice::kReadGrowth + 1);
}

// ---- the property ----

class Die {
 public:
  explicit Die(std::uint64_t seed) : random_(seed) {}
  std::int64_t In(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  bool Of(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
  template <class T>
  T One(std::vector<T> values) {
    return values[static_cast<std::size_t>(In(0, static_cast<std::int64_t>(values.size()) - 1))];
  }

 private:
  std::mt19937_64 random_;
};

// A text with all that an answer may have in it, cut anywhere.
std::string RandomScript(Die& die) {
  std::string script;
  for (auto parts = die.In(1, 12); parts > 0; --parts) {
    script +=
        die.One<std::string>({"<think>", "</think>", "thought ", "é", "🙂", "東京", "STOP", "ST", "\xE6\x9D",
                              "\xFF", R"(<tool_call>{"name":"f","arguments":{"a":[1,2,"é"]}}</tool_call>)",
                              R"(<tool_call>{"name":"g","argu)", "<", "plain words ", "\n\n", "aaaa"});
  }
  return script;
}

struct Case {
  ChoiceOptions options;
  std::optional<std::string> grammar;
  std::string script;
  float certainty = 0;  // how much the script's byte is favoured
  std::uint64_t noise = 0;
};

Case RandomCase(Die& die) {
  Case c;
  c.script = RandomScript(die);
  c.certainty = die.One<float>({2, 8, 100});
  c.noise = static_cast<std::uint64_t>(die.In(0, 1 << 30));
  c.options.request = "r";
  c.options.index = static_cast<std::int32_t>(die.In(0, 3));
  c.options.max_new = static_cast<std::int32_t>(die.In(1, 300));
  if (die.Of(0.5)) c.options.stop = {die.One<std::string>({"STOP", "aa", "é", "</think>", "ds pl"})};
  if (die.Of(0.3)) c.options.stop.push_back("words plain");
  if (die.Of(0.6)) c.options.parser = std::make_shared<FakeParser>(die.Of(0.7));
  if (die.Of(0.3)) c.options.visible_specials = {258, 259};
  for (int i = 0; i < 20; ++i) c.options.prompt_tail.push_back(static_cast<core::TokenId>(die.In(0, 255)));
  auto& sampler = c.options.sampler;
  sampler.params.temperature = die.One<float>({0, 0.7F, 1.5F});
  sampler.params.top_p = die.One<float>({1, 0.9F});
  sampler.params.top_k = die.One<std::int32_t>({0, 40});
  sampler.params.frequency_penalty = die.One<float>({0, 0.8F});
  sampler.params.presence_penalty = die.One<float>({0, -0.5F});
  sampler.params.repeat_penalty = die.One<float>({1, 1.3F});
  sampler.params.repeat_last_n = die.One<std::int32_t>({4, 64});
  if (die.Of(0.2)) sampler.params.logit_bias = {{'e', 3.0F}, {'w', -100.0F}};
  sampler.seed = static_cast<std::uint64_t>(die.In(0, 1 << 30));
  sampler.choice = c.options.index;
  sampler.min_tokens = die.One<std::int32_t>({0, 30});
  sampler.ignore_eos = die.Of(0.5);
  sampler.end_tokens = {257, 259};
  sampler.top_logprobs = die.One<std::int32_t>({-1, -1, 0, 3});
  if (die.Of(0.3)) {
    c.grammar =
        die.One<std::string>({"chars:<>/thinkao ", "literal:<think>é</think>plain words STOP", "fails:40"});
  }
  return c;
}

std::unique_ptr<Choice> Make(const backend::Backend& backend, const Case& c) {
  std::unique_ptr<sampling::Constraint> constraint;
  if (c.grammar) constraint = std::move(*backend::MakeFakeConstraint(*c.grammar));
  return std::make_unique<Choice>(backend, c.options, std::move(constraint));
}

// As a model's, they depend on every id before.
std::vector<float> LogitsAfter(const Case& c, std::span<const core::TokenId> ids) {
  std::uint64_t hash = c.noise;
  for (const core::TokenId id : ids) hash = (hash ^ static_cast<std::uint64_t>(id + 1)) * 0x9E3779B97F4A7C15U;
  std::minstd_rand random(static_cast<std::uint32_t>(hash >> 32U));
  std::vector<float> logits(300);
  for (float& logit : logits) logit = static_cast<float>(random() % 1000) / 300.0F;
  const auto next = ids.size() < c.script.size() ? static_cast<unsigned char>(c.script[ids.size()]) : 257;
  logits[static_cast<std::size_t>(next)] += c.certainty;
  return logits;
}

void ExpectSame(const Choice::Advance& again, const Choice::Advance& live) {
  EXPECT_EQ(again.token, live.token);
  EXPECT_EQ(again.delta, live.delta);
  EXPECT_EQ(again.error, live.error);
}

void CheckReplay(const backend::Backend& backend, const Case& c, Die& die) {
  const auto live = Make(backend, c);
  std::vector<core::TokenId> ids;
  std::vector<Choice::Advance> advances;
  while (!live->finished()) {
    advances.push_back(live->Next(LogitsAfter(c, ids)));
    if (advances.back().error) break;
    ids.push_back(advances.back().token);
  }
  for (int i = 0; i < 4; ++i) {
    const auto kept = static_cast<std::size_t>(die.In(0, static_cast<std::int64_t>(ids.size())));
    SCOPED_TRACE("rebuilt after " + std::to_string(kept) + " of " + std::to_string(ids.size()));
    const auto again = Make(backend, c);
    again->Replay(std::span(ids).first(kept));
    EXPECT_EQ(again->produced(), static_cast<std::int32_t>(kept));
    for (std::size_t at = kept; at < advances.size(); ++at) {
      ASSERT_FALSE(again->finished());
      ExpectSame(again->Next(LogitsAfter(c, std::span(ids).first(at))), advances[at]);
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_EQ(again->finished(), live->finished());
    EXPECT_EQ(again->finish(), live->finish());
  }
}

TEST(ChoiceProperty, ReplayedItGoesOnExactlyAsTheLiveOne) {
  const FakeBackend backend;
  const char* given = std::getenv("LARES_SEED");
  const char* tier = std::getenv("LARES_TEST_TIER");
  const int seeds = given != nullptr ? 1 : tier != nullptr && std::string_view(tier) == "full" ? 20'000 : 600;
  for (int i = 0; i < seeds; ++i) {
    const std::uint64_t seed =
        given != nullptr ? std::strtoull(given, nullptr, 10) : 5000 + static_cast<std::uint64_t>(i);
    SCOPED_TRACE("repeat with LARES_SEED=" + std::to_string(seed));
    Die die(seed);
    const Case c = RandomCase(die);
    CheckReplay(backend, c, die);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace lares::engine
