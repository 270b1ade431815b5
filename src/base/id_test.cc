// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

#include <set>

#include <gtest/gtest.h>

namespace lares::base {
namespace {

TEST(RandomId, HasItsPrefixAndNeverRepeats) {
  std::set<std::string> ids;
  for (int i = 0; i < 2000; ++i) {
    const std::string id = RandomId("req-");
    ASSERT_EQ(id.size(), 28U);
    ASSERT_TRUE(id.starts_with("req-"));
    ASSERT_EQ(id.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz", 4), std::string::npos) << id;
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 2000U);
}

TEST(RandomSeed, Varies) { EXPECT_NE(RandomSeed(), RandomSeed()); }

}  // namespace
}  // namespace lares::base
