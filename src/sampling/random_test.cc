// SPDX-License-Identifier: Apache-2.0
#include "sampling/random.h"

#include <array>
#include <set>

#include <gtest/gtest.h>

namespace lares::sampling {
namespace {

// Known answers for philox4x32-10 as published with Random123 (kat_vectors).
TEST(Philox, GivesThePublishedAnswers) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Uniform, DependsOnEveryArgument) {
  const std::set<double> seen = {Uniform(1, 0, 0, 0),
                                 Uniform(2, 0, 0, 0),
                                 Uniform(1, 1, 0, 0),
                                 Uniform(1, 0, 1, 0),
                                 Uniform(1, 0, 0, 1),
                                 Uniform(std::uint64_t{1} << 40U, 0, 0, 0),
                                 Uniform(1, 0, std::uint64_t{1} << 40U, 0)};
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_EQ(Uniform(1, 2, 3, 4), Uniform(1, 2, 3, 4));
}

TEST(Uniform, FillsTheUnitIntervalEvenly) {
  constexpr int kDraws = 100'000, kBins = 100;
  constexpr double kExpected = static_cast<double>(kDraws) / kBins;
  std::array<int, kBins> counts{};
  for (int i = 0; i < kDraws; ++i) {
    const double u = Uniform(42, 0, static_cast<std::uint64_t>(i), 0);
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    ++counts[static_cast<std::size_t>(u * kBins)];
  }
  double chi_square = 0;
  for (const int count : counts) {
    const double difference = count - kExpected;
    chi_square += difference * difference / kExpected;
  }
  EXPECT_LT(chi_square, 148.2);  // 99.9 % quantile for 99 degrees of freedom
}

}  // namespace
}  // namespace lares::sampling
