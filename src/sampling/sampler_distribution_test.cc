// SPDX-License-Identifier: Apache-2.0
//
// The distribution of what is drawn, against a reference written straight from the definitions, in double
// precision, with full sorts. Pearson's chi-square; seeds are fixed, so the test cannot fail by bad luck.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "sampling/sampler.h"

namespace lares::sampling {
namespace {

constexpr double kNothing = -std::numeric_limits<double>::infinity();

struct Token {
  core::TokenId id;
  double logit;
};

std::vector<double> Softmax(const std::vector<Token>& tokens, double temperature = 1) {
  double max = kNothing, total = 0;
  for (const Token& t : tokens) max = std::max(max, t.logit);
  std::vector<double> p;
  for (const Token& t : tokens) p.push_back(std::exp((t.logit - max) / temperature));
  for (const double v : p) total += v;
  for (double& v : p) v /= total;
  return p;
}

// Keeps tokens in the order of `rank` until `mass` is reached.
void KeepMass(std::vector<Token>& tokens, double mass,
              const std::function<double(std::size_t, double)>& rank) {
  const auto p = Softmax(tokens);
  std::vector<std::size_t> order(tokens.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(rank(i, p[i]), i); });
  std::vector<Token> kept;
  double sum = 0;
  for (const std::size_t i : order) {
    kept.push_back(tokens[i]);
    sum += p[i];
    if (sum >= mass) break;
  }
  tokens = std::move(kept);
}

std::map<core::TokenId, double> Reference(const std::vector<float>& row, const core::SamplingParams& params,
                                          const std::vector<core::TokenId>& prompt,
                                          const std::vector<core::TokenId>& answer) {
  std::vector<Token> tokens;
  std::vector<core::TokenId> recent = prompt;
  recent.insert(recent.end(), answer.begin(), answer.end());
  const std::size_t window = std::min(recent.size(), static_cast<std::size_t>(params.repeat_last_n));
  recent.erase(recent.begin(), recent.end() - static_cast<std::ptrdiff_t>(window));
  for (std::size_t i = 0; i < row.size(); ++i) {
    const auto id = static_cast<core::TokenId>(i);
    double logit = static_cast<double>(row[i]);
    if (params.logit_bias.contains(id)) logit += static_cast<double>(params.logit_bias.at(id));
    const auto repeat = static_cast<double>(params.repeat_penalty);
    if (std::ranges::count(recent, id) > 0) logit = logit > 0 ? logit / repeat : logit * repeat;
    const auto said = static_cast<double>(std::ranges::count(answer, id));
    logit -= said * static_cast<double>(params.frequency_penalty);
    if (said > 0) logit -= static_cast<double>(params.presence_penalty);
    tokens.push_back({id, logit});
  }
  std::ranges::sort(tokens, {}, [](const Token& t) { return std::pair(-t.logit, t.id); });
  if (params.top_k > 0) tokens.resize(std::min(tokens.size(), static_cast<std::size_t>(params.top_k)));
  if (params.typical_p < 1) {
    double entropy = 0;
    for (const double p : Softmax(tokens)) entropy -= p * std::log(p);
    KeepMass(tokens, static_cast<double>(params.typical_p),
             [&](std::size_t, double p) { return std::abs(-std::log(p) - entropy); });
  }
  if (params.top_p < 1) {
    KeepMass(tokens, static_cast<double>(params.top_p), [](std::size_t, double p) { return -p; });
  }
  const double best = std::ranges::max(tokens, {}, &Token::logit).logit;
  std::erase_if(tokens,
                [&](const Token& t) { return std::exp(t.logit - best) < static_cast<double>(params.min_p); });
  const auto p = Softmax(tokens, static_cast<double>(params.temperature));
  std::map<core::TokenId, double> out;
  for (std::size_t i = 0; i < tokens.size(); ++i) out[tokens[i].id] = p[i];
  return out;
}

core::SamplingParams RandomParams(std::mt19937& random) {
  const auto maybe = [&](float low, float high, float neutral) {
    return random() % 2 == 0 ? neutral : std::uniform_real_distribution<float>(low, high)(random);
  };
  return {.temperature = maybe(0.2F, 2.0F, 1.0F),
          .top_k = random() % 2 == 0 ? 0 : static_cast<std::int32_t>(2 + random() % 30),
          .top_p = maybe(0.4F, 0.99F, 1.0F),
          .min_p = maybe(0.01F, 0.2F, 0.0F),
          .typical_p = maybe(0.5F, 0.99F, 1.0F),
          .frequency_penalty = maybe(-1.0F, 1.0F, 0.0F),
          .presence_penalty = maybe(-1.0F, 1.0F, 0.0F),
          .repeat_penalty = maybe(0.8F, 1.5F, 1.0F),
          .repeat_last_n = static_cast<std::int32_t>(random() % 8),
          .logit_bias = {{static_cast<core::TokenId>(random() % 40), maybe(-3.0F, 3.0F, 0.0F)}}};
}

// How many standard deviations the counts' chi-square statistic lies above its mean. Rare tokens share a bin,
// so that every bin expects at least ten draws.
double Surprise(const std::map<core::TokenId, double>& expected, const std::map<core::TokenId, int>& counts,
                int draws) {
  double chi_square = 0, rare_wanted = 0, rare_got = 0;
  int bins = 0;
  const auto add = [&](double wanted, double got) {
    chi_square += (got - wanted) * (got - wanted) / wanted;
    ++bins;
  };
  for (const auto& [token, p] : expected) {
    const double wanted = p * draws;
    const double got = counts.contains(token) ? counts.at(token) : 0;
    if (wanted >= 10) {
      add(wanted, got);
    } else {
      rare_wanted += wanted;
      rare_got += got;
    }
  }
  if (rare_wanted >= 10) add(rare_wanted, rare_got);
  const double freedom = std::max(bins - 1, 1);
  return (chi_square - freedom) / std::sqrt(2 * freedom);
}

void CheckDistribution(unsigned seed) {
  std::mt19937 random(seed);
  const core::SamplingParams params = RandomParams(random);
  std::vector<float> row(seed % 5 == 0 ? 3000 : 40);
  std::normal_distribution<float> normal(0, seed % 2 == 0 ? 1.0F : 3.0F);
  for (float& v : row) v = normal(random);
  const std::vector<core::TokenId> prompt = {1, 2, 3, 4, 5, 6}, answer = {7, 8, 7, 2};
  const auto expected = Reference(row, params, prompt, answer);

  constexpr int kDraws = 8000;
  std::map<core::TokenId, int> counts;
  for (int i = 0; i < kDraws; ++i) {
    Sampler sampler({.params = params, .seed = seed * 1'000'000ULL + static_cast<unsigned>(i)}, nullptr,
                    prompt);
    for (const core::TokenId t : answer) sampler.Accept(t);
    ++counts[sampler.Sample(row).token];
  }
  for (const auto& [token, count] : counts)
    ASSERT_TRUE(expected.contains(token)) << token << " was filtered out";
  EXPECT_LT(Surprise(expected, counts, kDraws), 5);
}

TEST(SamplerDistribution, IsThatOfTheReference) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CheckDistribution(seed);
  }
}

}  // namespace
}  // namespace lares::sampling
