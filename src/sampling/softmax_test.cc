// SPDX-License-Identifier: Apache-2.0
#include "sampling/softmax.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace lares::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

TEST(MaxOf, IgnoresNaNAndKnowsEmptyRows) {
  EXPECT_EQ(MaxOf({}), -kInfinity);
  EXPECT_EQ(MaxOf(std::vector<float>{kNaN, -kInfinity}), -kInfinity);
  // At every place of vectors and tail.
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::vector<float> row(size, -3.0F);
      row[(at + 1) % size] = kNaN;
      row[at] = 2.0F;
      ASSERT_EQ(MaxOf(row), 2.0F) << size << " " << at;
      ASSERT_EQ(ArgMax(row), at) << size << " " << at;
    }
  }
}

TEST(ArgMax, TakesTheLowestAmongEquals) {
  EXPECT_EQ(ArgMax(std::vector<float>{1, 5, 5, 2}), 1U);
  EXPECT_EQ(ArgMax(std::vector<float>{-kInfinity, kNaN}), std::nullopt);
  EXPECT_EQ(ArgMax(std::vector<float>{1, kInfinity}), 1U);
}

TEST(Exponentiate, IsAccurateAndExactAtTheEdges) {
  Weights weights;
  std::vector<float> row;
  for (float x = 0.0F; x > -86.9F; x -= 0.0137F) row.push_back(x);
  Exponentiate(row, 0.0F, 1.0F, weights);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const double exact = std::exp(static_cast<double>(row[i]));
    ASSERT_NEAR(static_cast<double>(weights.values[i]) / exact, 1.0, 3e-7) << row[i];
  }
  const std::vector<float> edges = {0.0F, -kInfinity, kNaN, -88.0F, -1e30F};
  Exponentiate(edges, 0.0F, 1.0F, weights);
  EXPECT_EQ(weights.values[0], 1.0F);
  for (std::size_t i = 1; i < edges.size(); ++i) EXPECT_EQ(weights.values[i], 0.0F) << i;
  EXPECT_EQ(weights.total, 1.0);
}

TEST(Exponentiate, SumsByBlockForEveryLength) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 3);
  Weights weights;
  for (const std::size_t size : {1U, 3U, 4U, 9U, 511U, 512U, 513U, 2050U}) {
    std::vector<float> row(size);
    for (float& v : row) v = normal(random);
    const float max = MaxOf(row);
    Exponentiate(row, max, 0.5F, weights);
    ASSERT_EQ(weights.blocks.size(), (size + Weights::kBlock - 1) / Weights::kBlock);
    double total = 0;
    for (const float v : row) total += std::exp(static_cast<double>((v - max) * 0.5F));
    EXPECT_NEAR(weights.total / total, 1.0, 1e-6) << size;
    double blocks = 0;
    for (const double b : weights.blocks) blocks += b;
    EXPECT_NEAR(blocks / weights.total, 1.0, 1e-12);
  }
}

TEST(LogSumExp, MatchesTheDefinition) {
  EXPECT_NEAR(LogSumExp(std::vector<float>{1, 2, 3}), std::log(std::exp(1.0) + std::exp(2.0) + std::exp(3.0)),
              1e-6);
  EXPECT_EQ(LogSumExp(std::vector<float>{-kInfinity, -kInfinity}), -std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace lares::sampling
