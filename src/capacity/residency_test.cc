// SPDX-License-Identifier: Apache-2.0
#include "capacity/residency.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lares::capacity {
namespace {

using base::Time;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const Time kStart = Time{} + std::chrono::hours(10);

Resident Model(const std::string& name, std::uint64_t bytes, bool loaded) {
  return {.name = name, .bytes = bytes, .pinned = false, .loaded = loaded, .busy = false, .last_use = kStart};
}

TEST(Residency, WithRoomNobodyGoes) {
  const Residency residency({.budget = 10});
  const std::vector all = {Model("a", 4, true), Model("b", 6, false)};
  const auto room = residency.MakeRoom(all, "b", false, kStart);
  EXPECT_TRUE(room.possible);
  EXPECT_THAT(room.leaving, IsEmpty());
}

TEST(Residency, WhoIsUsedLeastGoesFirst) {
  Residency residency({.budget = 12});
  for (int i = 0; i < 5; ++i) residency.OnUse("often", kStart);
  residency.OnUse("once", kStart);
  const std::vector all = {Model("often", 4, true), Model("once", 4, true), Model("never", 4, true),
                           Model("new", 8, false)};
  EXPECT_THAT(residency.MakeRoom(all, "new", false, kStart).leaving, ElementsAre("never", "once"));
}

TEST(Residency, WhatWasUsedLongAgoIsWorthLess) {
  Residency residency({.budget = 8, .half_life = minutes(1)});
  for (int i = 0; i < 5; ++i) residency.OnUse("yesterday", kStart);
  residency.OnUse("now", kStart + minutes(20));
  const std::vector all = {Model("yesterday", 4, true), Model("now", 4, true), Model("new", 4, false)};
  EXPECT_THAT(residency.MakeRoom(all, "new", false, kStart + minutes(20)).leaving, ElementsAre("yesterday"));
}

TEST(Residency, WhatIsDearToLoadStays) {
  Residency residency({.budget = 8});
  for (const char* name : {"quick", "slow"}) residency.OnUse(name, kStart);
  residency.OnLoaded("quick", seconds(1));
  residency.OnLoaded("slow", seconds(60));
  const std::vector all = {Model("slow", 4, true), Model("quick", 4, true), Model("new", 4, false)};
  EXPECT_THAT(residency.MakeRoom(all, "new", false, kStart).leaving, ElementsAre("quick"));
}

TEST(Residency, NobodyGoesNeedlessly) {
  Residency residency({.budget = 10});
  residency.OnUse("large", kStart);
  const std::vector all = {Model("small", 1, true), Model("large", 9, true), Model("new", 9, false)};
  EXPECT_THAT(residency.MakeRoom(all, "new", false, kStart).leaving, ElementsAre("large"));
}

TEST(Residency, PinnedStayAndBusyOnesGoLast) {
  const Residency residency({.budget = 8});
  std::vector all = {Model("pinned", 4, true), Model("busy", 4, true), Model("new", 4, false)};
  all[0].pinned = true;
  all[1].busy = true;
  EXPECT_FALSE(residency.MakeRoom(all, "new", false, kStart).possible);
  EXPECT_THAT(residency.MakeRoom(all, "new", true, kStart).leaving, ElementsAre("busy"));
  EXPECT_TRUE(residency.EverFits(all, "new"));
  all[2].bytes = 5;
  EXPECT_FALSE(residency.EverFits(all, "new"));
  EXPECT_FALSE(residency.MakeRoom(all, "new", true, kStart).possible);
}

TEST(Residency, WhoRestedLongEnoughGoes) {
  const Residency residency({.budget = 100, .unload_after = minutes(5)});
  std::vector all = {Model("a", 1, true), Model("b", 1, true), Model("c", 1, true), Model("d", 1, false)};
  all[1].busy = true;
  all[2].pinned = true;
  EXPECT_THAT(residency.Rested(all, kStart + minutes(4)), IsEmpty());
  EXPECT_THAT(residency.Rested(all, kStart + minutes(5)), ElementsAre("a"));
  EXPECT_THAT(Residency({.budget = 100}).Rested(all, kStart + minutes(500)), IsEmpty());
}

// Whatever is loaded and wanted: what may stay never exceeds the budget, and what must stay never goes.
TEST(Residency, ManyRandomStates) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    const auto in = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
    Residency residency({.budget = static_cast<std::uint64_t>(in(5, 40))});
    std::vector<Resident> all;
    const int count = in(1, 8);
    for (int i = 0; i < count; ++i) {
      all.push_back(Model("m" + std::to_string(i), static_cast<std::uint64_t>(in(1, 12)), in(0, 1) == 1));
      all.back().pinned = in(0, 5) == 0;
      all.back().busy = all.back().loaded && in(0, 2) == 0;
      for (int uses = in(0, 4); uses > 0; --uses) residency.OnUse(all.back().name, kStart);
    }
    const std::string wanted = all[static_cast<std::size_t>(in(0, count - 1))].name;
    const bool also_busy = in(0, 1) == 1;
    const auto room = residency.MakeRoom(all, wanted, also_busy, kStart);
    if (!room.possible) {
      EXPECT_THAT(room.leaving, IsEmpty());
      continue;
    }
    std::uint64_t left = 0, spare = UINT64_MAX;
    for (const Resident& each : all) {
      const bool goes = std::ranges::find(room.leaving, each.name) != room.leaving.end();
      if (goes) {
        EXPECT_TRUE(each.loaded && !each.pinned && each.name != wanted && (also_busy || !each.busy)) << seed;
        spare = std::min(spare, each.bytes);
      } else if (each.loaded || each.name == wanted) {
        left += each.bytes;
      }
    }
    EXPECT_LE(left, residency.budget()) << seed;
    if (!room.leaving.empty()) {
      EXPECT_GT(left + spare, residency.budget()) << "seed " << seed << ": somebody went needlessly";
    }
  }
}

}  // namespace
}  // namespace lares::capacity
