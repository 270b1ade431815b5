// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/statistics.h"

#include <limits>

#include <gtest/gtest.h>

#include "cli/bench/arrival.h"
#include "cli/bench/length_distribution.h"
#include "cli/bench/number_text.h"
#include "cli/bench/random.h"

namespace lares::cli {
namespace {

TEST(Percentile, InterpolatesBetweenNeighbours) {
  const std::vector<double> values = {1, 2, 3, 4};
  EXPECT_EQ(Percentile(values, 0), 1);
  EXPECT_EQ(Percentile(values, 50), 2.5);
  EXPECT_EQ(Percentile(values, 100), 4);
  EXPECT_DOUBLE_EQ(*Percentile(values, 99), 3.97);
  EXPECT_EQ(Percentile(std::vector<double>{7}, 99), 7);
  EXPECT_EQ(Percentile({}, 50), std::nullopt);
}

TEST(Percentile, KnowsWhatNeverCame) {
  const double never = std::numeric_limits<double>::infinity();
  const std::vector<double> values = {1, 2, never, never};
  EXPECT_EQ(Percentile(values, 0), 1);
  EXPECT_EQ(Percentile(std::vector<double>{1, 2, never}, 50), 2);
  EXPECT_EQ(Percentile(values, 50), never);
  EXPECT_EQ(Percentile(values, 90), never);
  const Distribution d = Summarise({3, 1}, 98);
  EXPECT_EQ(d.count, 2U);
  EXPECT_EQ(d.missing, 98U);
  EXPECT_EQ(d.p50, never);
  EXPECT_EQ(Summarise(std::vector<double>(99, 7.0), 1).p50, 7);
  EXPECT_EQ(Summarise(std::vector<double>(99, 7.0), 1).max, never);
}

TEST(Summarise, DoesNotNeedOrder) {
  const Distribution d = Summarise({5, 1, 3, 2, 4});
  EXPECT_EQ(d.count, 5U);
  EXPECT_EQ(d.p50, 3);
  EXPECT_EQ(d.max, 5);
  EXPECT_EQ(d.mean, 3);
  EXPECT_DOUBLE_EQ(d.p95, 4.8);
  EXPECT_EQ(Summarise({}).count, 0U);
}

TEST(Random, IsTheSameEverywhere) {
  Random random(1, 2);
  EXPECT_EQ(random.Below(1'000'000), 33'854U);
  Random again(1, 2);
  EXPECT_EQ(again.Below(1'000'000), 33'854U);
  Random other(1, 3);
  EXPECT_NE(other.Below(1'000'000), 33'854U);
}

TEST(Random, HasTheMomentsItShould) {
  Random random(7, 0);
  constexpr int kDraws = 200'000;
  double exponential = 0;
  double normal = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    exponential += random.Exponential();
    const double n = random.Normal();
    normal += n;
    squares += n * n;
    const double u = random.Uniform();
    ASSERT_TRUE(u >= 0 && u < 1);
  }
  EXPECT_NEAR(exponential / kDraws, 1, 0.01);
  EXPECT_NEAR(normal / kDraws, 0, 0.01);
  EXPECT_NEAR(squares / kDraws, 1, 0.02);
}

TEST(PlanArrivals, APoissonProcessHasItsRateAndItsSpread) {
  Random random(3, 0);
  const auto due = PlanArrivals({.process = ArrivalProcess::kPoisson,
                                 .rate = 50,
                                 .requests = 0,
                                 .duration = std::chrono::seconds(1000)},
                                random);
  EXPECT_NEAR(static_cast<double>(due.size()), 50'000, 1000);
  double mean = 0;
  double squares = 0;
  for (std::size_t i = 1; i < due.size(); ++i) {
    ASSERT_GE(due[i], due[i - 1]);
    const double gap = base::Seconds(due[i] - due[i - 1]);
    mean += gap;
    squares += gap * gap;
  }
  mean /= static_cast<double>(due.size());
  squares /= static_cast<double>(due.size());
  EXPECT_NEAR(squares / (mean * mean), 2, 0.1);  // of an exponential distribution
  EXPECT_LT(due.back(), std::chrono::seconds(1000));
}

TEST(PlanArrivals, AConstantStreamHasNoSpread) {
  Random random(3, 0);
  const auto due =
      PlanArrivals({.process = ArrivalProcess::kConstant, .rate = 4, .requests = 3, .duration = {}}, random);
  EXPECT_EQ(
      due, (std::vector<base::Duration>{{}, std::chrono::milliseconds(250), std::chrono::milliseconds(500)}));
}

TEST(PlanArrivals, IsRepeatable) {
  Random one(9, 1);
  Random two(9, 1);
  const ArrivalPlan plan{.process = ArrivalProcess::kPoisson, .rate = 3, .requests = 100, .duration = {}};
  EXPECT_EQ(PlanArrivals(plan, one), PlanArrivals(plan, two));
}

TEST(LengthDistribution, DrawsWhatItSays) {
  Random random(5, 0);
  const auto fixed = LengthDistribution::Parse("128");
  ASSERT_TRUE(fixed);
  EXPECT_EQ(fixed->Draw(random), 128);
  const auto uniform = LengthDistribution::Parse("3..5");
  ASSERT_TRUE(uniform);
  std::vector<int> seen(6);
  for (int i = 0; i < 3000; ++i) ++seen.at(static_cast<std::size_t>(uniform->Draw(random)));
  for (const int n : {3, 4, 5}) EXPECT_NEAR(seen[static_cast<std::size_t>(n)], 1000, 150);
  const auto lognormal = LengthDistribution::Parse("lognormal:180,0.6,64..512");
  ASSERT_TRUE(lognormal);
  std::vector<double> drawn;
  for (int i = 0; i < 20'000; ++i) drawn.push_back(lognormal->Draw(random));
  const Distribution d = Summarise(drawn);
  EXPECT_NEAR(d.p50, 180, 5);
  EXPECT_EQ(d.max, 512);
  EXPECT_TRUE(LengthDistribution::Parse("lognormal:100,0"));
}

TEST(LengthDistribution, RefusesTheRest) {
  for (const auto* text : {"", "0", "-5", "5..3", "a", "1..", "..5", "lognormal:", "lognormal:5",
                           "lognormal:0,1", "lognormal:5,nan", "lognormal:5,1,9..3", "99999999999", "1.5"}) {
    EXPECT_FALSE(LengthDistribution::Parse(text)) << text;
  }
}

TEST(NumberText, KeepsThreeDigits) {
  EXPECT_EQ(NumberText(0), "0");
  EXPECT_EQ(NumberText(0.1234), "0.123");
  EXPECT_EQ(NumberText(1.234), "1.23");
  EXPECT_EQ(NumberText(12.34), "12.3");
  EXPECT_EQ(NumberText(1234.5), "1234");
}

}  // namespace
}  // namespace lares::cli
