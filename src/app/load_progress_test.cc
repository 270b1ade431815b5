// SPDX-License-Identifier: Apache-2.0
#include "app/load_progress.h"

#include <gtest/gtest.h>

namespace lares::app {
namespace {

TEST(LoadProgress, SpeaksEveryTenPercentOrFiveSeconds) {
  using std::chrono::milliseconds;
  const base::Time start{std::chrono::hours(1)};
  LoadProgress progress(start);
  EXPECT_FALSE(progress.Due(60, start + milliseconds(900))) << "a small model needs no lines";
  EXPECT_TRUE(progress.Due(70, start + milliseconds(1000)));
  EXPECT_FALSE(progress.Due(79, start + milliseconds(4000)));
  EXPECT_TRUE(progress.Due(80, start + milliseconds(4000)));
  EXPECT_FALSE(progress.Due(80, start + milliseconds(8999)));
  EXPECT_TRUE(progress.Due(80, start + milliseconds(9000))) << "it has not died";
  EXPECT_FALSE(progress.Due(80, start + milliseconds(9001)));
}

}  // namespace
}  // namespace lares::app
