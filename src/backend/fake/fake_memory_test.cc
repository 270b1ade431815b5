// SPDX-License-Identifier: Apache-2.0
#include "backend/fake/fake_memory.h"

#include <random>

#include <gtest/gtest.h>

namespace lares::backend {
namespace {

void Fill(FakeMemory& memory, std::int32_t slot, std::int32_t from, std::int32_t to) {
  for (std::int32_t i = from; i < to; ++i) memory.Append(slot, i, i % 7);
}

std::uint64_t HashAt(const FakeMemory& memory, std::int32_t slot) {
  return memory.Contents(slot).back().hash;
}

TEST(FakeMemory, TheHashIsThatOfTheContents) {
  FakeMemory memory(2, 100, 200);
  Fill(memory, 0, 0, 10);
  std::vector<core::TokenId> tokens;
  for (int i = 0; i < 10; ++i) tokens.push_back(i % 7);
  EXPECT_EQ(HashAt(memory, 0), FakeMemory::HashOf(tokens));
  tokens[0] = 6;
  EXPECT_NE(HashAt(memory, 0), FakeMemory::HashOf(tokens));
}

TEST(FakeMemory, CopyTruncateSaveRestoreKeepContents) {
  FakeMemory memory(3, 100, 300);
  Fill(memory, 0, 0, 20);
  const auto whole = HashAt(memory, 0);
  ASSERT_TRUE(memory.Copy(0, 1, 12));
  Fill(memory, 1, 12, 20);
  EXPECT_EQ(HashAt(memory, 1), whole);
  const SavedState state = memory.Save(1);
  memory.Truncate(1, 0);
  ASSERT_TRUE(memory.Restore(2, state));
  EXPECT_EQ(HashAt(memory, 2), whole);
  EXPECT_EQ(memory.used_cells(), 40);
}

TEST(FakeMemory, DamagedStatesAreRefusedAndLeaveTheSlotEmpty) {
  FakeMemory memory(2, 100, 200);
  Fill(memory, 0, 0, 5);
  const SavedState good = memory.Save(0);
  for (std::size_t i = 0; i < good.bytes.size(); ++i) {
    SavedState cut = good;
    cut.bytes.resize(i);
    ASSERT_FALSE(memory.Restore(1, cut)) << i;
    ASSERT_TRUE(memory.Contents(1).empty());
  }
  SavedState changed = good;
  changed.bytes[24] ^= 1;  // the first token
  EXPECT_EQ(memory.Restore(1, changed).error().code(), base::Code::kDataLoss);
}

TEST(FakeMemory, TotalCellsBoundEverything) {
  FakeMemory memory(3, 100, 30);
  Fill(memory, 0, 0, 20);
  EXPECT_TRUE(memory.HasRoom(10));
  EXPECT_FALSE(memory.HasRoom(11));
  EXPECT_EQ(memory.Copy(0, 1, 11).error().code(), base::Code::kResourceExhausted);
  const SavedState state = memory.Save(0);
  EXPECT_EQ(memory.Restore(1, state).error().code(), base::Code::kResourceExhausted);
  memory.Truncate(0, 10);
  EXPECT_TRUE(memory.HasRoom(20));
}

TEST(FakeMemoryDeathTest, BrokenContractsEndTheProcess) {
  FakeMemory memory(2, 4, 8);
  Fill(memory, 0, 0, 3);
  EXPECT_DEATH(memory.Append(0, 4, 1), "invariant");  // a gap
  EXPECT_DEATH(memory.Append(0, 2, 1), "invariant");  // a row again
  EXPECT_DEATH(memory.Append(2, 0, 1), "invariant");  // no such slot
  EXPECT_DEATH((void)memory.Copy(0, 0, 1), "invariant");
  EXPECT_DEATH((void)memory.Copy(0, 1, 4), "invariant");  // more than there is
  Fill(memory, 1, 0, 1);
  EXPECT_DEATH((void)memory.Copy(0, 1, 2), "invariant");  // not empty
  memory.Append(0, 3, 1);
  EXPECT_DEATH(memory.Append(0, 4, 1), "invariant");  // beyond the slot's cells
  memory.Spoil(1);
  EXPECT_DEATH(memory.Append(1, 1, 1), "invariant");
  memory.Truncate(1, 0);
  memory.Append(1, 0, 1);
}

// Two slots agree in hash exactly when they agree in contents, whatever way they came to them.
TEST(FakeMemory, RandomOperationsKeepCountsAndHashes) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    constexpr std::int32_t kSlots = 4, kCells = 16;
    FakeMemory memory(kSlots, kCells, kSlots * kCells);
    std::vector<std::vector<core::TokenId>> model(kSlots);
    for (int i = 0; i < 200; ++i) {
      const auto slot = static_cast<std::int32_t>(random() % kSlots), other = (slot + 1) % kSlots;
      auto& mine = model[static_cast<std::size_t>(slot)];
      auto& theirs = model[static_cast<std::size_t>(other)];
      const auto size = static_cast<std::int32_t>(mine.size());
      switch (random() % 4) {
        case 0:
          if (size == kCells) break;
          mine.push_back(static_cast<core::TokenId>(random() % 3));
          memory.Append(slot, size, mine.back());
          break;
        case 1: {
          const std::size_t to = random() % (mine.size() + 1);
          memory.Truncate(slot, static_cast<std::int32_t>(to));
          mine.resize(to);
          break;
        }
        case 2:
          memory.Truncate(other, 0);
          ASSERT_TRUE(memory.Copy(slot, other, size));
          theirs = mine;
          break;
        default:
          memory.Truncate(other, 0);
          ASSERT_TRUE(memory.Restore(other, memory.Save(slot)));
          theirs = mine;
      }
      std::size_t used = 0;
      for (std::int32_t s = 0; s < kSlots; ++s) {
        const auto& tokens = model[static_cast<std::size_t>(s)];
        used += tokens.size();
        ASSERT_EQ(memory.Contents(s).size(), tokens.size());
        ASSERT_TRUE(tokens.empty() || HashAt(memory, s) == FakeMemory::HashOf(tokens));
      }
      ASSERT_EQ(static_cast<std::size_t>(memory.used_cells()), used);
    }
  }
}

}  // namespace
}  // namespace lares::backend
