// SPDX-License-Identifier: Apache-2.0
//
// Each filter against its definition, on random rows of several shapes and sizes.
#include "sampling/candidates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace lares::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Rows as models make them: peaked, flat, in steps (ties), with holes.
std::vector<float> RandomRow(std::mt19937& random) {
  static constexpr std::size_t kSizes[] = {1, 2, 5, 33, 500, 3000, 20000};
  std::vector<float> row(kSizes[random() % std::size(kSizes)]);
  std::normal_distribution<float> bulk(0.0F, std::uniform_real_distribution<float>(0.01F, 6.0F)(random));
  const bool stepped = random() % 4 == 0, holes = random() % 3 == 0, peaked = random() % 2 == 0;
  for (float& v : row) {
    v = bulk(random);
    if (stepped) v = std::round(v * 4) / 4;
    if (holes && random() % 3 == 0) v = -kInfinity;
  }
  for (int i = 0; peaked && i < 4; ++i) row[random() % row.size()] = 15.0F + bulk(random);
  row[random() % row.size()] = 1.0F;
  return row;
}

std::set<core::TokenId> KeptOf(const Candidates& candidates) {
  std::set<core::TokenId> kept;
  for (std::size_t i = 0; i < candidates.size(); ++i) kept.insert(candidates.token(i));
  return kept;
}

std::vector<double> Probabilities(const std::vector<float>& row) {
  const double max = static_cast<double>(*std::ranges::max_element(row));
  std::vector<double> p(row.size());
  double total = 0;
  for (std::size_t i = 0; i < row.size(); ++i) total += p[i] = std::exp(static_cast<double>(row[i]) - max);
  for (double& v : p) v /= total;
  return p;
}

// All tokens in the order of `before`; the kept ones must be the first of them, and just enough for `mass`.
template <class Before>
void ExpectShortestPrefix(const std::vector<float>& row, const std::set<core::TokenId>& kept, double mass,
                          const Before& before) {
  const auto p = Probabilities(row);
  std::vector<core::TokenId> order(row.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, before);
  double sum = 0, last = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    ASSERT_TRUE(kept.contains(order[i])) << "place " << i << " of " << kept.size();
    last = p[static_cast<std::size_t>(order[i])];
    sum += last;
  }
  EXPECT_GE(sum, mass - 2e-6);
  EXPECT_LT(sum - last, mass + 2e-6);
}

bool BetterId(const std::vector<float>& row, core::TokenId a, core::TokenId b) {
  return Better({a, row[static_cast<std::size_t>(a)]}, {b, row[static_cast<std::size_t>(b)]});
}

// One random row with a random share of the probability, for each of many seeds.
class CandidatesProperty : public testing::Test {
 protected:
  template <class Check>
  void ForManyRows(const Check& check) {
    for (unsigned seed = 1; seed <= 60 && !HasFailure(); ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      random_.seed(seed);
      row_ = RandomRow(random_);
      candidates_.Reset(row_);
      share_ = std::uniform_real_distribution<double>(0.01, 0.999)(random_);
      check();
    }
  }

  std::mt19937 random_;
  std::vector<float> row_;
  Candidates candidates_;
  double share_ = 0;
};

TEST_F(CandidatesProperty, TopKAreTheBest) {
  ForManyRows([&] {
    const std::size_t k = 1 + random_() % (2 * row_.size());
    candidates_.KeepTopK(k);
    const auto kept = KeptOf(candidates_);
    std::vector<core::TokenId> order(row_.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, [&](auto a, auto b) { return BetterId(row_, a, b); });
    if (k >= row_.size()) {
      EXPECT_EQ(kept.size(), row_.size());
      return;
    }
    std::set<core::TokenId> wanted;
    for (std::size_t i = 0; i < k; ++i) {
      if (row_[static_cast<std::size_t>(order[i])] > -kInfinity) wanted.insert(order[i]);
    }
    EXPECT_EQ(kept, wanted);
  });
}

TEST_F(CandidatesProperty, TopPIsTheSmallestNucleus) {
  ForManyRows([&] {
    candidates_.KeepTopP(share_);
    ExpectShortestPrefix(row_, KeptOf(candidates_), share_,
                         [&](auto a, auto b) { return BetterId(row_, a, b); });
  });
}

TEST_F(CandidatesProperty, TypicalIsNearestToTheExpectedSurprise) {
  ForManyRows([&] {
    candidates_.KeepTypical(share_);
    const auto p = Probabilities(row_);
    double entropy = 0;
    for (const double v : p) entropy -= v > 0 ? v * std::log(v) : 0;
    const auto distance = [&](core::TokenId t) {
      return std::abs(-std::log(p[static_cast<std::size_t>(t)]) - entropy);
    };
    const auto kept = KeptOf(candidates_);
    ASSERT_FALSE(kept.empty());
    double farthest = 0, mass = 0, last = 0, nearest_outside = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < row_.size(); ++i) {
      const auto t = static_cast<core::TokenId>(i);
      if (!kept.contains(t)) {
        nearest_outside = std::min(nearest_outside, distance(t));
        continue;
      }
      mass += p[i];
      if (distance(t) >= farthest) {
        farthest = distance(t);
        last = p[i];
      }
    }
    EXPECT_LE(farthest, nearest_outside + 1e-4);
    EXPECT_GE(mass, share_ - 1e-5);
    EXPECT_LT(mass - last, share_ + 1e-5);
  });
}

TEST_F(CandidatesProperty, MinPIsRelativeToTheBest) {
  ForManyRows([&] {
    candidates_.KeepMinP(share_);
    const auto kept = KeptOf(candidates_);
    const float best = *std::ranges::max_element(row_);
    for (std::size_t i = 0; i < row_.size(); ++i) {
      const double ratio = std::exp(static_cast<double>(row_[i]) - static_cast<double>(best));
      if (std::abs(ratio - share_) < 1e-5) continue;  // rounding decides
      EXPECT_EQ(kept.contains(static_cast<core::TokenId>(i)), ratio > share_) << i;
    }
  });
}

TEST_F(CandidatesProperty, FiltersInSequenceLeaveWhatTheLastOneMay) {
  ForManyRows([&] {
    candidates_.KeepTopK(1 + random_() % 100);
    const auto after_k = KeptOf(candidates_);
    candidates_.KeepTypical(share_);
    candidates_.KeepTopP(share_);
    candidates_.KeepMinP(0.5);
    const auto kept = KeptOf(candidates_);
    EXPECT_FALSE(kept.empty());
    EXPECT_TRUE(std::ranges::includes(after_k, kept));
    const auto drawn = candidates_.Draw(0.7, share_);
    ASSERT_TRUE(drawn.has_value());
    EXPECT_TRUE(kept.contains(*drawn));
  });
}

TEST_F(CandidatesProperty, DrawInvertsTheDistribution) {
  ForManyRows([&] {
    // Walking the uniform numbers in order must give the tokens in order, each for its share of the interval.
    const double temperature = 0.3 + share_;
    std::vector<double> p(row_.size());
    const float best = *std::ranges::max_element(row_);
    double total = 0;
    for (std::size_t i = 0; i < row_.size(); ++i) {
      total += p[i] = std::exp(static_cast<double>(row_[i] - best) / temperature);
    }
    for (int i = 0; i < 50; ++i) {
      const double u = std::uniform_real_distribution<double>(0, 1)(random_);
      candidates_.Reset(row_);
      const auto t = candidates_.Draw(temperature, u);
      ASSERT_TRUE(t.has_value());
      const auto end = p.begin() + *t;
      const double below = std::accumulate(p.begin(), end, 0.0) / total;
      EXPECT_LE(below, u + 1e-5);
      EXPECT_GE(below + *end / total, u - 1e-5);
    }
  });
}

TEST(Candidates, NothingLeftIsNothingDrawn) {
  Candidates candidates;
  const std::vector<float> row(10, -kInfinity);
  candidates.Reset(row);
  candidates.KeepTopK(3);
  candidates.KeepTypical(0.5);
  candidates.KeepTopP(0.5);
  candidates.KeepMinP(0.5);
  EXPECT_EQ(candidates.Draw(1.0, 0.5), std::nullopt);
}

TEST(Candidates, InfinityAndTinyTemperatureMeanTheBest) {
  Candidates candidates;
  const std::vector<float> infinite = {1.0F, kInfinity, 3.0F};
  candidates.Reset(infinite);
  candidates.KeepTopP(0.5);
  candidates.KeepMinP(0.5);
  EXPECT_EQ(candidates.Draw(1.0, 0.99), 1);
  const std::vector<float> row = {1.0F, 2.0F, 3.0F, 0.0F};
  candidates.Reset(row);
  EXPECT_EQ(candidates.Draw(1e-42, 0.01), 2);
}

// The worst case of the border's search: everything in one bucket.
TEST(Candidates, EqualLogitsKeepTheLowestIds) {
  Candidates candidates;
  const std::vector<float> row(4000, 2.5F);
  candidates.Reset(row);
  candidates.KeepTopP(0.25);
  EXPECT_NEAR(static_cast<double>(candidates.size()), 1000, 1);
  EXPECT_EQ(*KeptOf(candidates).rbegin(), static_cast<core::TokenId>(candidates.size()) - 1);
}

}  // namespace
}  // namespace lares::sampling
