// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <random>

#include <gtest/gtest.h>

#include "scheduler/played_engine.h"

namespace lares::scheduler {
namespace {

// Milliseconds of a chunk at depth 0 and at the last measured depth.
struct Measured {
  double rows;
  double first;
  double depth;
  double last;
};
constexpr std::array<Measured, 6> kTable{{{1, 8, 1900, 14},
                                          {64, 100, 1900, 320},
                                          {128, 150, 1900, 507},
                                          {192, 200, 1856, 593},
                                          {256, 260, 1792, 813},
                                          {512, 480, 1536, 1381}}};

double At(const Measured& m, double depth) { return m.first + (m.last - m.first) * depth / m.depth; }

// Between two rows of the table, by size; one part.
double ChunkMs(double rows, double depth) {
  const auto upper = std::ranges::find_if(kTable, [&](const Measured& m) { return m.rows >= rows; });
  if (upper == kTable.end()) return At(kTable.back(), depth) * rows / kTable.back().rows;
  if (upper == kTable.begin()) return At(*upper, depth);
  const Measured& lower = *std::prev(upper);
  const double part = (rows - lower.rows) / (upper->rows - lower.rows);
  return At(lower, depth) + part * (At(*upper, depth) - At(lower, depth));
}

base::Duration Ms(double ms) { return base::FromSeconds(ms / 1000); }

}  // namespace

PlayedEngine::Costs TwoCoreCosts(double noise, std::uint64_t seed) {
  auto random = std::make_shared<std::mt19937_64>(seed);
  const auto noisy = [=](double ms) {
    return Ms(ms * std::exp(noise * std::normal_distribution<>()(*random)));
  };
  return {.decode =
              [=](const CallShape& s) {
                return noisy(4 + 2.4 * static_cast<double>(s.rows) + 0.0007 * s.rows_depth);
              },
          .prefill =
              [=](const CallShape& s) {
                const auto rows = static_cast<double>(s.rows);
                const double start =
                    s.rows_depth / rows - rows / s.parts / 2;  // depth counts from the middle
                return noisy(ChunkMs(rows, start));
              }};
}

TEST(TwoCoreCostsTest, AreAsMeasured) {
  const auto costs = TwoCoreCosts(0, 1);
  CallShape shape;
  shape.Add(256, 1792);
  EXPECT_NEAR(base::Milliseconds(costs.prefill(shape)), 813, 1);
  CallShape decode;
  for (int i = 0; i < 8; ++i) decode.Add(1, 256);
  EXPECT_NEAR(base::Milliseconds(costs.decode(decode)), 25, 2);
}

}  // namespace lares::scheduler
