// SPDX-License-Identifier: Apache-2.0
#include "engine/gap_histogram.h"

#include <gtest/gtest.h>

namespace lares::engine {
namespace {

using std::chrono::milliseconds;

TEST(GapHistogram, EmptyHasNoQuantile) { EXPECT_EQ(GapHistogram().Quantile(0.99).count(), 0); }

TEST(GapHistogram, QuantilesAreRightWithinTenPercent) {
  GapHistogram gaps;
  for (int i = 1; i <= 1000; ++i) gaps.Add(milliseconds(i));
  EXPECT_NEAR(base::Milliseconds(gaps.Quantile(0.5)), 500, 50);
  EXPECT_NEAR(base::Milliseconds(gaps.Quantile(0.99)), 990, 99);
  EXPECT_EQ(gaps.worst(), milliseconds(1000));
  EXPECT_LE(gaps.Quantile(1.0), gaps.worst());
}

TEST(GapHistogram, ExtremesStayInside) {
  GapHistogram gaps;
  gaps.Add(base::Duration(0));
  gaps.Add(std::chrono::hours(10));
  EXPECT_EQ(gaps.worst(), std::chrono::hours(10));
  EXPECT_LE(gaps.Quantile(0.5), milliseconds(1));
}

}  // namespace
}  // namespace lares::engine
