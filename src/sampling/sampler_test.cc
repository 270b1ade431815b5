// SPDX-License-Identifier: Apache-2.0
#include "sampling/sampler.h"

#include <cmath>
#include <limits>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace lares::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr core::TokenId kEnd = 7;

// Allows a set of tokens, counts how it is used.
class SetConstraint final : public Constraint {
 public:
  explicit SetConstraint(std::set<core::TokenId> allowed) : allowed_(std::move(allowed)) {}
  bool Allows(core::TokenId token) override { return allowed_.contains(token); }
  void Mask(std::span<float> logits) override {
    ++masks;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (!allowed_.contains(static_cast<core::TokenId>(i))) logits[i] = -kInfinity;
    }
  }
  void Accept(core::TokenId token) override { accepted.push_back(token); }

  int masks = 0;
  std::vector<core::TokenId> accepted;

 private:
  const std::set<core::TokenId> allowed_;
};

Sampler Greedy(SamplerOptions options = {}, std::unique_ptr<Constraint> constraint = nullptr) {
  options.params.temperature = 0;
  if (options.end_tokens.empty()) options.end_tokens = {kEnd};
  return Sampler(std::move(options), std::move(constraint), {});
}

TEST(Sampler, GreedyTakesTheLowestIdAmongTheBest) {
  EXPECT_EQ(Greedy().Sample(std::vector<float>{1, 3, 3, 2}).token, 1);
}

TEST(Sampler, NaNIsNeverChosen) {
  const std::vector<float> row = {kNaN, 1, kNaN, 0};
  EXPECT_EQ(Greedy().Sample(row).token, 1);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    for (const auto& params : {core::SamplingParams{}, core::SamplingParams{.top_k = 3},
                               core::SamplingParams{.top_p = 0.99F, .min_p = 0.01F, .typical_p = 0.99F}}) {
      Sampler sampler({.params = params, .seed = seed}, nullptr, {});
      const auto token = sampler.Sample(row).token;
      EXPECT_TRUE(token == 1 || token == 3) << token;
    }
  }
}

TEST(Sampler, NothingToChooseEndsTheAnswer) {
  const std::vector<float> row(10, -kInfinity);
  EXPECT_EQ(Greedy().Sample(row).token, kEnd);
  EXPECT_EQ(Sampler({.end_tokens = {kEnd}}, nullptr, {}).Sample(row).token, kEnd);
  EXPECT_EQ(Sampler({}, nullptr, {}).Sample(row).token, 0);
  EXPECT_EQ(Sampler({}, nullptr, {}).Sample({}).token, 0);
}

TEST(Sampler, EndTokensWaitForMinTokens) {
  std::vector<float> row(10, 0.0F);
  row[kEnd] = 50;
  row[3] = 1;
  Sampler sampler = Greedy({.min_tokens = 2});
  for (const core::TokenId expected : {3, 3, kEnd}) {
    EXPECT_EQ(sampler.Sample(row).token, expected);
    sampler.Accept(3);
  }
}

TEST(Sampler, IgnoreEosForbidsEveryEndToken) {
  std::vector<float> row(10, 0.0F);
  row[kEnd] = 50;
  row[8] = 60;
  row[3] = 1;
  EXPECT_EQ(Greedy({.ignore_eos = true, .end_tokens = {kEnd, 8}}).Sample(row).token, 3);
}

TEST(Sampler, LogitBiasMovesAndForeignIdsAreIgnored) {
  const std::vector<float> row = {1, 2, 3};
  EXPECT_EQ(Greedy({.params = {.logit_bias = {{0, 5.0F}, {99, 100.0F}, {-1, 100.0F}}}}).Sample(row).token, 0);
  EXPECT_EQ(Greedy({.params = {.logit_bias = {{2, -100.0F}}}}).Sample(row).token, 1);
}

TEST(Sampler, LogprobsAreTheModelsOwn) {
  const std::vector<float> row = {1, 2, 3, -kInfinity, kNaN};
  const double lse = std::log(std::exp(1.0) + std::exp(2.0) + std::exp(3.0));
  Sampler sampler = Greedy({.params = {.logit_bias = {{0, 100.0F}}}, .top_logprobs = 4});
  const Draw draw = sampler.Sample(row);
  EXPECT_EQ(draw.token, 0);
  ASSERT_TRUE(draw.logprobs.has_value());
  EXPECT_EQ(draw.logprobs->chosen.token, 0);
  EXPECT_NEAR(static_cast<double>(draw.logprobs->chosen.logprob), 1 - lse, 1e-6);
  ASSERT_EQ(draw.logprobs->top.size(), 3U);  // what is impossible is no alternative
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(draw.logprobs->top[i].token, static_cast<core::TokenId>(2 - i));
    EXPECT_NEAR(static_cast<double>(draw.logprobs->top[i].logprob), 3.0 - static_cast<double>(i) - lse, 1e-6);
  }
}

TEST(Sampler, AnImpossibleTokenHasTheLeastLogprob) {
  Sampler sampler = Greedy({.top_logprobs = 0});
  const Draw draw = sampler.Sample(std::vector<float>(10, -kInfinity));
  EXPECT_EQ(draw.logprobs->chosen.logprob, kLeastLogprob);
  EXPECT_TRUE(draw.logprobs->top.empty());
}

TEST(Sampler, ConstraintMasksOnlyAfterARefusal) {
  const std::vector<float> row = {1, 5, 3, 2, 0, 0, 0, 0};
  auto owned = std::make_unique<SetConstraint>(std::set<core::TokenId>{1, 3});
  SetConstraint& constraint = *owned;
  Sampler sampler = Greedy({}, std::move(owned));
  EXPECT_EQ(sampler.Sample(row).token, 1);
  EXPECT_EQ(constraint.masks, 0);
  const std::vector<float> other = {1, 0, 3, 2, 0, 0, 0, 0};
  EXPECT_EQ(sampler.Sample(other).token, 3);  // among the next best
  EXPECT_EQ(constraint.masks, 0);
  std::vector<float> far(100, 4.0F);
  far[1] = 0;
  far[3] = 1;
  EXPECT_EQ(sampler.Sample(far).token, 3);
  EXPECT_EQ(constraint.masks, 1);
  sampler.Accept(3);
  EXPECT_EQ(constraint.accepted, std::vector<core::TokenId>{3});
}

TEST(Sampler, ConstraintThatAllowsNothingEndsTheAnswer) {
  auto owned = std::make_unique<SetConstraint>(std::set<core::TokenId>{});
  SetConstraint& constraint = *owned;
  Sampler sampler = Greedy({}, std::move(owned));
  EXPECT_EQ(sampler.Sample(std::vector<float>(10, 1.0F)).token, kEnd);
  sampler.Accept(kEnd);
  EXPECT_TRUE(constraint.accepted.empty());
}

TEST(Sampler, MaskNeverUndoesForbiddenEndTokens) {
  // The constraint wants the end, the client does not: nothing is left, and the answer ends after all.
  Sampler sampler =
      Greedy({.ignore_eos = true}, std::make_unique<SetConstraint>(std::set<core::TokenId>{kEnd}));
  EXPECT_EQ(sampler.Sample(std::vector<float>(10, 1.0F)).token, kEnd);
}

TEST(Sampler, ForeignIdsThatBreakTheConstraintEndTheAnswer) {
  auto owned = std::make_unique<SetConstraint>(std::set<core::TokenId>{1});
  SetConstraint& constraint = *owned;
  Sampler sampler = Greedy({}, std::move(owned));
  sampler.Accept(2);
  EXPECT_EQ(sampler.Sample(std::vector<float>{0, 5, 0}).token, kEnd);
  sampler.Accept(1);
  EXPECT_TRUE(constraint.accepted.empty());
}

TEST(Sampler, SamplingTwiceIsSamplingOnce) {
  const std::vector<float> row = {1, 1.5F, 2, 0.5F};
  Sampler sampler({.seed = 9}, nullptr, {});
  const auto first = sampler.Sample(row).token;
  EXPECT_EQ(sampler.Sample(row).token, first);
  sampler.Accept(first);
  EXPECT_EQ(sampler.accepted(), 1U);
}

// ---- properties over random requests ----

SamplerOptions RandomOptions(std::mt19937& random) {
  const auto maybe = [&](float low, float high, float neutral) {
    return random() % 2 == 0 ? neutral : std::uniform_real_distribution<float>(low, high)(random);
  };
  SamplerOptions options;
  options.params.temperature = maybe(0.1F, 2.0F, random() % 4 == 0 ? 0.0F : 1.0F);
  options.params.top_k = random() % 2 == 0 ? 0 : static_cast<std::int32_t>(1 + random() % 20);
  options.params.top_p = maybe(0.3F, 1.0F, 1.0F);
  options.params.min_p = maybe(0.0F, 0.3F, 0.0F);
  options.params.typical_p = maybe(0.5F, 1.0F, 1.0F);
  options.params.frequency_penalty = maybe(-1.0F, 1.0F, 0.0F);
  options.params.presence_penalty = maybe(-1.0F, 1.0F, 0.0F);
  options.params.repeat_penalty = maybe(0.8F, 1.5F, 1.0F);
  options.params.repeat_last_n = static_cast<std::int32_t>(random() % 12);
  if (random() % 2 == 0) options.params.logit_bias[3] = maybe(-5.0F, 5.0F, 0.0F);
  options.seed = random();
  options.choice = static_cast<std::int32_t>(random() % 4);
  options.min_tokens = static_cast<std::int32_t>(random() % 5);
  options.ignore_eos = random() % 4 == 0;
  options.end_tokens = {kEnd};
  options.top_logprobs = static_cast<std::int32_t>(random() % 4) - 1;
  return options;
}

// A little language model: logits from a seed and the tokens so far.
std::vector<float> RowAfter(unsigned seed, const std::vector<core::TokenId>& answer) {
  unsigned mixed = seed;
  for (const core::TokenId t : answer) mixed = mixed * 31U + static_cast<unsigned>(t) + 1U;
  std::mt19937 random(mixed);
  std::normal_distribution<float> normal(0, 2);
  std::vector<float> row(50);
  for (float& v : row) v = normal(random);
  return row;
}

std::unique_ptr<Constraint> RandomConstraint(unsigned seed) {
  if (seed % 3 != 0) return nullptr;
  std::mt19937 random(seed);
  std::set<core::TokenId> allowed = {kEnd};
  while (allowed.size() < 12) allowed.insert(static_cast<core::TokenId>(random() % 50));
  return std::make_unique<SetConstraint>(std::move(allowed));
}

TEST(SamplerProperty, ARebuiltSamplerContinuesTheSameAnswer) {
  const std::vector<core::TokenId> prompt = {1, 2, 3, 4, 5, 1, 2, 3, 9, 10, 11, 12};
  for (unsigned seed = 1; seed <= 400; ++seed) {
    std::mt19937 random(seed);
    const SamplerOptions options = RandomOptions(random);
    Sampler sampler(options, RandomConstraint(seed), prompt);
    std::vector<core::TokenId> answer;
    for (int i = 0; i < 12; ++i) {
      Sampler rebuilt(options, RandomConstraint(seed), prompt);
      for (const core::TokenId t : answer) rebuilt.Accept(t);
      const auto row = RowAfter(seed, answer);
      const Draw draw = sampler.Sample(row), again = rebuilt.Sample(row);
      ASSERT_EQ(draw.token, again.token) << "seed " << seed << " position " << i;
      ASSERT_EQ(draw.logprobs.has_value(), again.logprobs.has_value());
      answer.push_back(draw.token);
      sampler.Accept(draw.token);
    }
  }
}

TEST(SamplerProperty, OneSeedOneAnswerAndMasksAreObeyed) {
  std::set<std::vector<core::TokenId>> answers;
  for (unsigned seed = 1; seed <= 400; ++seed) {
    std::mt19937 random(seed);
    const SamplerOptions options = RandomOptions(random);
    const auto write = [&] {
      Sampler sampler(options, RandomConstraint(seed), {});
      std::vector<core::TokenId> answer;
      for (int i = 0; i < 10; ++i) {
        const auto token = sampler.Sample(RowAfter(seed, answer)).token;
        answer.push_back(token);
        sampler.Accept(token);
        if (token == kEnd) break;
      }
      return answer;
    };
    const auto answer = write();
    ASSERT_EQ(answer, write()) << "seed " << seed;
    const auto constraint = RandomConstraint(seed);
    for (std::size_t i = 0; i < answer.size(); ++i) {
      const bool ends = answer[i] == kEnd;
      const bool may_end = !options.ignore_eos && i >= static_cast<std::size_t>(options.min_tokens);
      ASSERT_TRUE(!ends || may_end) << "seed " << seed;
      ASSERT_TRUE(!constraint || constraint->Allows(answer[i])) << "seed " << seed;
    }
    answers.insert(answer);
  }
  EXPECT_GT(answers.size(), 390U);
}

}  // namespace
}  // namespace lares::sampling
