// SPDX-License-Identifier: Apache-2.0
#include "scheduler/host_cache.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "scheduler/played_engine.h"

namespace lares::scheduler {
namespace {

constexpr std::uint64_t kCellBytes = 10;

using Operations = std::vector<MemoryOperation>;

std::vector<BlobId> Forgotten(const Operations& operations) {
  std::vector<BlobId> blobs;
  for (const auto& operation : operations) blobs.push_back(std::get<ForgetBlob>(operation).blob);
  return blobs;
}

std::optional<BlobId> Add(HostCache& cache, std::uint64_t text, std::int64_t cells, Operations& operations,
                          bool drop_prefixes = false) {
  const auto symbols = Babble(text, static_cast<std::size_t>(cells));
  return cache.Add(1, symbols, cells, drop_prefixes, operations);
}

TEST(HostCache, TheLeastRecentlyUsedGoFirstAndPinnedOnesStay) {
  HostCache cache(300, kCellBytes);
  Operations operations;
  std::vector<BlobId> blobs;
  for (std::uint64_t i = 0; i < 3; ++i) {
    blobs.push_back(*Add(cache, i, 10, operations));
    cache.Confirm(blobs.back(), std::nullopt);
  }
  EXPECT_TRUE(operations.empty());
  cache.Touch(blobs[0]);
  cache.Pin(blobs[1]);
  const auto fourth = Add(cache, 3, 10, operations);
  ASSERT_TRUE(fourth);
  EXPECT_EQ(Forgotten(operations), std::vector<BlobId>{blobs[2]}) << "1 is pinned, 0 was just used";
  operations.clear();
  // What this step is about to save cannot go either.
  EXPECT_FALSE(Add(cache, 4, 30, operations));
  EXPECT_TRUE(cache.Contains(*fourth));
  EXPECT_TRUE(cache.Contains(blobs[1]));
}

TEST(HostCache, ALongerStateStandsInForItsPrefixes) {
  HostCache cache(1000, kCellBytes);
  Operations operations;
  const BlobId shorter = *Add(cache, 5, 10, operations);
  cache.Confirm(shorter, std::nullopt);
  const auto longer = Add(cache, 5, 20, operations, true);
  ASSERT_TRUE(longer);
  EXPECT_EQ(Forgotten(operations), std::vector<BlobId>{shorter});
  EXPECT_EQ(cache.bytes(), 200U);
}

TEST(HostCache, WhatTakesMoreThanEstimatedIsPaidForByTheOldest) {
  HostCache cache(300, kCellBytes);
  Operations operations;
  const BlobId first = *Add(cache, 1, 10, operations);
  cache.Confirm(first, std::nullopt);
  const BlobId second = *Add(cache, 2, 10, operations);
  cache.Confirm(second, 250);
  cache.ShrinkToFit(operations);
  EXPECT_EQ(Forgotten(operations), std::vector<BlobId>{first});
  EXPECT_EQ(cache.bytes(), 250U);
  cache.Lost(second);
  EXPECT_EQ(cache.bytes(), 0U);
  EXPECT_EQ(cache.count(), 0U);
}

TEST(HostCache, NothingThatCannotFitIsTaken) {
  HostCache cache(99, kCellBytes);
  Operations operations;
  EXPECT_FALSE(Add(cache, 1, 10, operations));
  EXPECT_FALSE(cache.Add(1, {}, 0, false, operations));
  EXPECT_FALSE(HostCache(0, kCellBytes).enabled());
}

// As the scheduler uses it: what was asked for is confirmed or lost after the step, and the next step
// shrinks.
void Use(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto in = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  const auto most = static_cast<std::uint64_t>(in(100, 5000));
  HostCache cache(most, kCellBytes);
  std::vector<BlobId> alive, pinned;
  for (int step = 0; step < 300; ++step) {
    Operations operations;
    cache.ShrinkToFit(operations);
    if (pinned.empty()) {
      ASSERT_LE(cache.bytes(), most);
    }
    std::vector<std::pair<BlobId, std::int64_t>> added;
    for (auto i = in(0, 3); i > 0; --i) {
      const std::int64_t cells = in(1, 80);
      const std::uint64_t before = cache.bytes();
      const auto blob = Add(cache, static_cast<std::uint64_t>(in(1, 6)), cells, operations, in(0, 1) == 1);
      if (blob) {
        ASSERT_LE(cache.bytes(), most) << "never beyond the bound by taking something";
        added.emplace_back(*blob, cells);
        alive.push_back(*blob);
      } else {
        ASSERT_LE(cache.bytes(), before);
      }
    }
    for (const BlobId gone : Forgotten(operations)) {
      ASSERT_FALSE(cache.Contains(gone));
      ASSERT_TRUE(std::ranges::find(pinned, gone) == pinned.end()) << "a pinned state was dropped";
      ASSERT_EQ(std::erase(alive, gone), 1);
    }
    for (const auto& [blob, cells] : added) {
      if (in(0, 9) == 0) {
        cache.Lost(blob);
        std::erase(alive, blob);
      } else {
        cache.Confirm(blob,
                      static_cast<std::uint64_t>(cells) * kCellBytes + static_cast<std::uint64_t>(in(0, 20)));
      }
    }
    if (!alive.empty() && pinned.size() < 2) {
      const BlobId blob = alive[static_cast<std::size_t>(in(0, static_cast<std::int64_t>(alive.size()) - 1))];
      cache.Pin(blob);
      pinned.push_back(blob);
    } else if (!pinned.empty()) {
      cache.Unpin(pinned.back());
      pinned.pop_back();
    }
    cache.CheckInvariants();
    ASSERT_EQ(cache.count(), alive.size());
  }
}

TEST(HostCacheProperty, StaysWithinItsBoundAndKeepsWhatIsPinned) {
  const int seeds = std::getenv("LARES_SEED") ? 1 : FullTier() ? 3000 : 100;
  for (int i = 0; i < seeds; ++i) {
    const std::uint64_t seed = TestSeed(700 + static_cast<std::uint64_t>(i));
    SCOPED_TRACE("repeat with LARES_SEED=" + std::to_string(seed));
    Use(seed);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace lares::scheduler
