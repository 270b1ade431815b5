// SPDX-License-Identifier: Apache-2.0
#include "app/descriptor_limit.h"

#include <limits>

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace lares::app {
namespace {

constexpr std::uint64_t kInfinity = std::numeric_limits<std::uint64_t>::max();

TEST(DescriptorLimit, IsRaisedAsFarAsNeeded) {
  const DescriptorPlan plan = PlanDescriptors(4096, 1024, 1 << 20);
  EXPECT_EQ(plan.soft, 4096 + kOtherDescriptors);
  EXPECT_EQ(plan.connections, 4096U);
  EXPECT_EQ(PlanDescriptors(4096, kInfinity, kInfinity).soft, kInfinity) << "never lowered";
  EXPECT_EQ(PlanDescriptors(100, 1024, 4096).soft, 1024U);
}

TEST(DescriptorLimit, OrTheConnectionsAreFewer) {
  const DescriptorPlan plan = PlanDescriptors(4096, 1024, 1024);
  EXPECT_EQ(plan.soft, 1024U);
  EXPECT_EQ(plan.connections, 1024 - kOtherDescriptors);
  EXPECT_EQ(PlanDescriptors(4096, 100, 2000).connections, 2000 - kOtherDescriptors);
  EXPECT_EQ(PlanDescriptors(4096, 40, 40).connections, 20U);
  EXPECT_EQ(PlanDescriptors(4096, 0, 0).connections, 1U);
}

TEST(DescriptorLimit, OfThisProcessIsRaised) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  if (before.rlim_max < 300) GTEST_SKIP() << "the hard limit is too low here";
  const rlimit low{.rlim_cur = 64, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  const auto log = base::Logger::Silent();
  EXPECT_EQ(MakeRoomForConnections(100, *log), 100U);
  rlimit after{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, 100 + kOtherDescriptors);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace lares::app
