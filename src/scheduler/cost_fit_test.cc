// SPDX-License-Identifier: Apache-2.0
#include "scheduler/cost_fit.h"

#include <chrono>
#include <cmath>
#include <functional>
#include <random>

#include <gtest/gtest.h>

#include "scheduler/played_engine.h"

namespace lares::scheduler {
namespace {

using std::chrono::milliseconds;

CallShape Shape(std::int64_t rows, std::int64_t position) {
  CallShape shape;
  shape.Add(rows, position);
  return shape;
}

// A machine whose calls take as long as a line says: 20 ms, 1 ms a row, and depth costs.
double LineMs(const CallShape& shape) {
  return 20 + static_cast<double>(shape.rows) + 0.002 * shape.depth + 0.0005 * shape.rows_depth;
}

struct Machine {
  std::mt19937_64 random;
  double noise = 0;
  double pace = 1;

  explicit Machine(std::uint64_t seed, double sigma = 0) : random(seed), noise(sigma) {}
  CallShape AnyShape() {
    const auto rows = 64 * std::uniform_int_distribution<std::int64_t>(1, 8)(random);
    return Shape(rows, std::uniform_int_distribution<std::int64_t>(0, 3000)(random));
  }
  base::Duration Time(const CallShape& shape) {
    return base::FromSeconds(pace * LineMs(shape) * std::exp(noise * std::normal_distribution<>()(random)) /
                             1000);
  }
  void Teach(CostFit& fit, int calls) {
    for (int i = 0; i < calls; ++i) {
      const CallShape shape = AnyShape();
      fit.Learn(shape, Time(shape));
    }
  }
};

double WorstError(const CostFit& fit, double pace) {
  double worst = 0;
  for (const std::int64_t rows : {64, 128, 320, 512}) {
    for (const std::int64_t position : {0, 500, 1500, 3000}) {
      const CallShape shape = Shape(rows, position);
      const double ratio = base::Milliseconds(fit.Predict(shape)) / (pace * LineMs(shape));
      worst = std::max(worst, std::abs(ratio - 1));
    }
  }
  return worst;
}

TEST(CostFit, RecoversALine) {
  CostFit fit(milliseconds(100));
  Machine(1).Teach(fit, 200);
  EXPECT_LT(WorstError(fit, 1), 0.03);
  EXPECT_LT(fit.margin(), 0.03);
}

TEST(CostFit, FewCallsAreEnoughWhereTheyWereMade) {
  CostFit fit(milliseconds(1000));
  const CallShape shape = Shape(512, 0);
  for (int i = 0; i < 3; ++i) fit.Learn(shape, base::FromSeconds(LineMs(shape) / 1000));
  EXPECT_NEAR(base::Milliseconds(fit.Predict(shape)) / LineMs(shape), 1, 0.05);
  EXPECT_GT(fit.margin(), 0.05) << "with three samples nothing is known of their spread";
}

TEST(CostFit, FollowsAChangeOfTheMachinesPaceWithinAFewCalls) {
  CostFit fit(milliseconds(100));
  Machine machine(2, 0.02);
  machine.Teach(fit, 200);
  machine.pace = 2;
  machine.Teach(fit, 6);
  EXPECT_LT(WorstError(fit, 2), 0.2);
  machine.pace = 1;
  machine.Teach(fit, 6);
  EXPECT_LT(WorstError(fit, 1), 0.2);
}

TEST(CostFit, OneOddCallBendsNothing) {
  CostFit fit(milliseconds(100));
  Machine machine(3, 0.02);
  machine.Teach(fit, 200);
  const CallShape shape = Shape(256, 1000);
  fit.Learn(shape, 10 * machine.Time(shape));
  EXPECT_LT(WorstError(fit, 1), 0.15);
}

// The margin is the 95th percentile over calls that were learned. Of those to come, each predicted before it
// is learned, a few more are above it, because the pace follows noise a little: 91 of 100 stay below.
TEST(CostFit, TheMarginCoversTheNoise) {
  for (const double sigma : {0.02, 0.05, 0.1}) {
    CostFit fit(milliseconds(100));
    Machine machine(TestSeed(4), sigma);
    machine.Teach(fit, 300);
    int above = 0;
    double margins = 0;
    constexpr int kCalls = 3000;
    for (int i = 0; i < kCalls; ++i) {
      const CallShape shape = machine.AnyShape();
      const base::Duration real = machine.Time(shape);
      above += base::Milliseconds(real) > base::Milliseconds(fit.Predict(shape)) * (1 + fit.margin()) ? 1 : 0;
      margins += fit.margin();
      fit.Learn(shape, real);
    }
    EXPECT_LT(above, kCalls * 11 / 100) << sigma;
    EXPECT_GT(margins / kCalls, 1.3 * sigma) << sigma;
    EXPECT_LT(margins / kCalls, 2.5 * sigma) << "more would waste what could be read: " << sigma;
  }
}

TEST(CostFit, NeverPredictsNothing) {
  CostFit fit(milliseconds(100));
  EXPECT_GT(fit.Predict(Shape(1, 0)).count(), 0);
  EXPECT_EQ(fit.Predict({}).count(), 0);
  fit.Learn(Shape(64, 0), {});
  EXPECT_EQ(fit.samples(), 0U) << "a call without a time says nothing";
}

}  // namespace
}  // namespace lares::scheduler
