// SPDX-License-Identifier: Apache-2.0
#include "engine/shared_room.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lares::engine {
namespace {

std::size_t TakeAll(SharedRoom& room, const std::string& tenant) {
  std::size_t taken = 0;
  while (room.Take(tenant)) ++taken;
  return taken;
}

TEST(SharedRoom, OneTenantAloneGetsWhatWasPromised) {
  for (const std::size_t places : {1U, 2U, 7U, 8U, 9U, 64U, 257U, 264U, 1000U, 1001U}) {
    SharedRoom room(places);
    EXPECT_EQ(TakeAll(room, "a"), places) << places;
  }
}

TEST(SharedRoom, TheOneWhoFillsItLeavesRoomForOthers) {
  SharedRoom room(264);
  TakeAll(room, "a");
  EXPECT_GE(TakeAll(room, "b"), 16U);
  EXPECT_TRUE(room.Take("c"));
}

TEST(SharedRoom, WhoFillsItGetsNothingBackBeforeTheOthers) {
  SharedRoom room(64);
  TakeAll(room, "a");
  TakeAll(room, "b");
  room.Give("a");
  EXPECT_FALSE(room.Take("a"));
  EXPECT_TRUE(room.Take("c"));
}

TEST(SharedRoom, NoneLeftMeansNoneForAnybody) {
  SharedRoom room(1);
  EXPECT_TRUE(room.Take("a"));
  EXPECT_TRUE(room.Take("b"));
  EXPECT_FALSE(room.Take("c"));
  room.Give("a");
  EXPECT_TRUE(room.Take("c"));
}

TEST(SharedRoom, WhatIsGivenTwiceCountsOnce) {
  SharedRoom room(4);
  EXPECT_TRUE(room.Take("a"));
  room.Give("a");
  room.Give("a");
  EXPECT_EQ(room.taken(), 0U);
  EXPECT_EQ(TakeAll(room, "a"), 4U);
}

TEST(SharedRoom, WhateverHappensTheBoundHolds) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    const std::size_t places = 1 + random() % 100;
    SharedRoom room(places);
    const std::vector<std::string> tenants = {"a", "b", "c", "d", "e"};
    for (int step = 0; step < 2000; ++step) {
      const std::string& tenant = tenants[random() % tenants.size()];
      if (random() % 3 != 0) {
        static_cast<void>(room.Take(tenant));
      } else {
        room.Give(tenant);
      }
      std::size_t sum = 0;
      for (const std::string& each : tenants) {
        ASSERT_LE(room.held(each), places) << "seed " << seed;
        sum += room.held(each);
      }
      ASSERT_EQ(sum, room.taken()) << "seed " << seed;
      ASSERT_LE(room.taken(), room.places()) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace lares::engine
