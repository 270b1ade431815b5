// SPDX-License-Identifier: Apache-2.0
//
// Prefixes that several sequences have in common are computed once.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "scheduler/played_engine.h"

namespace lares::scheduler {
namespace {

Options EightSlots() {
  return {.slots = 8, .slot_cells = 2048, .total_cells = 8 * 2048, .max_rows = 512, .max_waiting = 32};
}

// 1,024 tokens that all agents share, 64 of its own.
Sequence Agent(SequenceId id, std::uint64_t own) {
  std::vector<core::Symbol> symbols = Babble(77, 1024);
  const auto tail = Babble(1000 + own, 64);
  symbols.insert(symbols.end(), tail.begin(), tail.end());
  return {.id = id, .symbols = std::move(symbols), .max_new = 32, .tenant = "t"};
}

struct Tally {
  std::size_t computed = 0;  // prompt symbols
  std::size_t copies = 0;
  std::size_t calls = 0;
  double last_first_token_s = 0;
};

// Runs until everyone has a first token.
Tally RunUntilAllStarted(PlayedEngine& engine, SequenceId first, SequenceId last) {
  Tally tally;
  const auto started = [&](SequenceId id) { return engine.records().at(id).produced > 0; };
  for (int i = 0; i < 1000; ++i) {
    bool all = true;
    for (SequenceId id = first; id <= last; ++id) all = all && started(id);
    if (all) break;
    EXPECT_TRUE(engine.RunStep());
    for (const std::size_t done : engine.last_result().prefill_done) tally.computed += done;
    tally.calls += engine.last_step().prefill.empty() ? 0 : 1;
    for (const auto& op : engine.last_step().memory)
      tally.copies += std::holds_alternative<CopySlot>(op) ? 1 : 0;
  }
  for (SequenceId id = first; id <= last; ++id) {
    const auto& record = engine.records().at(id);
    tally.last_first_token_s =
        std::max(tally.last_first_token_s, base::Seconds(record.first_token - record.arrived));
  }
  EXPECT_TRUE(engine.faults().empty()) << engine.faults().front();
  return tally;
}

TEST(SharingTest, AgentsThatArriveTogetherComputeTheSharedPartOnce) {
  PlayedEngine engine(EightSlots(), 1, TwoCoreCosts(0, 1));
  for (SequenceId id = 1; id <= 8; ++id) ASSERT_TRUE(engine.Admit(Agent(id, id), 32));
  const Tally tally = RunUntilAllStarted(engine, 1, 8);
  EXPECT_EQ(tally.computed, 1024U + 8 * 64);
  EXPECT_EQ(tally.copies, 7U);
  EXPECT_LE(tally.calls, 4U);
  std::printf("cold: %zu calls, %.2f s\n", tally.calls, tally.last_first_token_s);
}

TEST(SharingTest, AgentsThatArriveDuringTheFirstOnesPromptDoToo) {
  PlayedEngine engine(EightSlots(), 1, TwoCoreCosts(0, 1));
  ASSERT_TRUE(engine.Admit(Agent(1, 1), 32));
  engine.RunStep();
  EXPECT_EQ(engine.last_step().prefill.front().count, 512U);
  for (SequenceId id = 2; id <= 8; ++id) ASSERT_TRUE(engine.Admit(Agent(id, id), 32));
  const Tally tally = RunUntilAllStarted(engine, 1, 8);
  EXPECT_EQ(tally.computed, 1024U + 8 * 64 - 512);
  EXPECT_EQ(tally.copies, 7U);
}

TEST(SharingTest, WarmAgentsComputeTheirOwnPartOnly) {
  PlayedEngine engine(EightSlots(), 1, TwoCoreCosts(0, 1));
  ASSERT_TRUE(engine.Admit(Agent(100, 100), 32));
  while (engine.unfinished() > 0) engine.RunStep();
  for (SequenceId id = 1; id <= 8; ++id) ASSERT_TRUE(engine.Admit(Agent(id, id), 32));
  const Tally tally = RunUntilAllStarted(engine, 1, 8);
  EXPECT_EQ(tally.computed, 8U * 64);
  EXPECT_EQ(tally.calls, 1U);
  std::printf("warm: %zu calls, %.2f s\n", tally.calls, tally.last_first_token_s);
  for (SequenceId id = 1; id <= 8; ++id) EXPECT_EQ(engine.scheduler().stats_of(id).cached_symbols, 1024);
}

TEST(SharingTest, ChoicesOfOneRequestReadItOnce) {
  PlayedEngine engine(EightSlots(), 1, TwoCoreCosts(0, 1));
  for (SequenceId id = 1; id <= 4; ++id) {
    ASSERT_TRUE(engine.Admit({.id = id, .symbols = Babble(5, 300), .max_new = 8, .tenant = "t"}, 8));
  }
  const Tally tally = RunUntilAllStarted(engine, 1, 4);
  EXPECT_EQ(tally.computed, 300U + 3 * kLeastPart);
  EXPECT_EQ(tally.copies, 3U);
}

TEST(SharingTest, WhoWaitsForAPrefixGoesOnWhenItsReaderIsCancelled) {
  PlayedEngine engine(EightSlots(), 1, TwoCoreCosts(0, 1));
  for (SequenceId id = 1; id <= 3; ++id) ASSERT_TRUE(engine.Admit(Agent(id, id), 4));
  engine.RunStep();
  EXPECT_EQ(engine.scheduler().stats().waiting, 2U);
  engine.Cancel(1);
  while (engine.unfinished() > 0) ASSERT_TRUE(engine.RunStep());
  EXPECT_TRUE(engine.faults().empty());
}

TEST(SharingTest, NothingIsSharedAcrossSalts) {
  PlayedEngine engine(EightSlots(), 1, TwoCoreCosts(0, 1));
  for (SequenceId id = 1; id <= 2; ++id) {
    Sequence agent = Agent(id, 1);
    agent.salt = id;
    ASSERT_TRUE(engine.Admit(std::move(agent), 4));
  }
  const Tally tally = RunUntilAllStarted(engine, 1, 2);
  EXPECT_EQ(tally.computed, 2U * 1088);
  EXPECT_EQ(engine.scheduler().stats().cache_hit_symbols, 0U);
}

TEST(SharingTest, AConversationContinuesInItsSlot) {
  PlayedEngine engine(EightSlots(), 1, TwoCoreCosts(0, 1));
  ASSERT_TRUE(engine.Admit({.id = 1, .symbols = Babble(9, 200), .max_new = 20, .tenant = "t"}, 20));
  while (engine.unfinished() > 0) engine.RunStep();
  std::vector<core::Symbol> next = engine.records().at(1).symbols;
  const auto turn = Babble(10, 30);
  next.insert(next.end(), turn.begin(), turn.end());
  ASSERT_TRUE(engine.Admit({.id = 2, .symbols = next, .max_new = 20, .tenant = "t"}, 20));
  engine.RunStep();
  EXPECT_TRUE(engine.last_step().memory.empty());
  EXPECT_EQ(engine.last_step().prefill.front().slot, 0);
  EXPECT_EQ(engine.last_step().prefill.front().first, 219U);
  EXPECT_EQ(engine.scheduler().stats_of(2).cached_symbols, 219);
}

TEST(SharingTest, MoreConversationsThanSlotsComeBackFromHostMemory) {
  Options options = EightSlots();
  options.slots = 2;
  options.total_cells = 2 * 2048;
  options.host_cache_bytes = 100'000'000;
  options.cell_bytes = 1000;
  PlayedEngine engine(options, 1, TwoCoreCosts(0, 1));
  for (SequenceId id = 1; id <= 5; ++id) {
    ASSERT_TRUE(engine.Admit({.id = id, .symbols = Babble(id, 500), .max_new = 8, .tenant = "t"}, 8));
    while (engine.unfinished() > 0) engine.RunStep();
  }
  EXPECT_GT(engine.scheduler().stats().host_bytes, 3U * 500'000);
  std::vector<core::Symbol> next = engine.records().at(1).symbols;
  const auto turn = Babble(10, 30);
  next.insert(next.end(), turn.begin(), turn.end());
  ASSERT_TRUE(engine.Admit({.id = 6, .symbols = next, .max_new = 8, .tenant = "t"}, 8));
  while (engine.unfinished() > 0) {
    engine.RunStep();
    engine.scheduler().CheckInvariants();
  }
  EXPECT_EQ(engine.records().at(6).produced, 8);
  EXPECT_GE(engine.scheduler().stats().cache_hit_symbols, 507U);
  EXPECT_TRUE(engine.faults().empty());
}

}  // namespace
}  // namespace lares::scheduler
