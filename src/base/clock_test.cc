// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <gtest/gtest.h>

namespace lares::base {
namespace {

using namespace std::chrono_literals;

TEST(ManualClock, MovesOnlyWhenTold) {
  ManualClock clock(Time{5s});
  EXPECT_EQ(clock.Now(), Time{5s});
  clock.Advance(250ms);
  EXPECT_EQ(clock.Now(), Time{5250ms});
  EXPECT_EQ(clock.Wall().time_since_epoch(), 5250ms);
}

TEST(SystemClock, NeverGoesBack) {
  SystemClock clock;
  Time last = clock.Now();
  for (int i = 0; i < 1000; ++i) {
    const Time now = clock.Now();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(Durations, Convert) {
  EXPECT_DOUBLE_EQ(Seconds(1500ms), 1.5);
  EXPECT_DOUBLE_EQ(Milliseconds(1500us), 1.5);
  EXPECT_EQ(FromSeconds(0.25), 250ms);
}

TEST(Iso8601, IsUtc) {
  EXPECT_EQ(Iso8601(std::chrono::system_clock::time_point{}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(Iso8601(std::chrono::sys_days{std::chrono::year{2028} / 2 / 29} + 23h + 59min + 58s),
            "2028-02-29T23:59:58Z");
}

}  // namespace
}  // namespace lares::base
