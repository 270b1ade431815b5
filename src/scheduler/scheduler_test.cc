// SPDX-License-Identifier: Apache-2.0
//
// The scheduler as its callers see it, case by case.
#include "scheduler/scheduler.h"

#include <chrono>

#include <gtest/gtest.h>

#include "scheduler/played_engine.h"

namespace lares::scheduler {
namespace {

using std::chrono::milliseconds;

Options Small() {
  return {.slots = 4, .slot_cells = 1024, .total_cells = 4096, .max_rows = 512, .max_waiting = 8};
}

PlayedEngine::Costs Steady() {
  return {.decode = [](const CallShape& s) { return milliseconds(10 + s.rows); },
          .prefill = [](const CallShape& s) { return milliseconds(20 + s.rows); }};
}

Sequence Request(SequenceId id, std::vector<core::Symbol> symbols, std::int32_t max_new = 16) {
  return {.id = id, .symbols = std::move(symbols), .max_new = max_new, .tenant = "t"};
}

// Runs until everything has ended.
void Finish(PlayedEngine& engine, int most = 10000) {
  while (engine.unfinished() > 0 && most-- > 0) {
    ASSERT_TRUE(engine.RunStep()) << "idle with work to do";
    engine.scheduler().CheckInvariants();
    ASSERT_TRUE(engine.faults().empty()) << engine.faults().front();
  }
  EXPECT_EQ(engine.unfinished(), 0U);
}

TEST(SchedulerTest, OneSequenceFromPromptToEnd) {
  PlayedEngine engine(Small(), 1, Steady());
  ASSERT_TRUE(engine.Admit(Request(1, Babble(1, 100)), 5));
  EXPECT_TRUE(engine.RunStep());
  EXPECT_EQ(engine.last_step().prefill.size(), 1U);
  EXPECT_EQ(engine.last_step().prefill.front().count, 100U);
  EXPECT_TRUE(engine.last_step().prefill.front().last);
  EXPECT_TRUE(engine.last_step().interruptible);
  Finish(engine);
  EXPECT_EQ(engine.records().at(1).produced, 5);
  EXPECT_FALSE(engine.RunStep());
  EXPECT_EQ(engine.scheduler().stats().cells_cached, 104);  // the last token is not in the KV
}

TEST(SchedulerTest, TooLongIsRefusedWithBothNumbers) {
  Scheduler scheduler(Small());
  const auto refused = scheduler.Admit(Request(1, Babble(1, 1000), 25), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(refused.error().reason(), "context_length_exceeded");
  EXPECT_NE(refused.error().message().find("1000"), std::string::npos);
  EXPECT_NE(refused.error().message().find("1024"), std::string::npos);
  EXPECT_TRUE(scheduler.Admit(Request(2, Babble(1, 1000), 24), {}));
}

}  // namespace
}  // namespace lares::scheduler
