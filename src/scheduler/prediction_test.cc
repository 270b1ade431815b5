// SPDX-License-Identifier: Apache-2.0
#include "scheduler/prediction.h"

#include <chrono>
#include <deque>

#include <gtest/gtest.h>

#include "scheduler/played_engine.h"

namespace lares::scheduler {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A call of 512 rows takes 512 ms, whatever it is.
Options PerRow() {
  Options options{.slots = 2, .slot_cells = 2048, .total_cells = 4096, .max_rows = 512, .max_waiting = 100};
  const StepCost cost{.per_row = milliseconds(1)};
  options.fixed_costs = FixedCosts{.decode = cost, .prefill = cost};
  return options;
}

class PredictionTest : public testing::Test {
 protected:
  Job& Waits(std::size_t length) {
    Job& job = jobs_.emplace_back();
    job.id = jobs_.size();
    job.arrival = jobs_.size();
    job.symbols = SymbolList(Babble(job.id, length));
    job.max_new = 100;
    job.tenant = world_.shares.Join("t");
    world_.queue.Push(&job);
    return job;
  }
  void Starts(Job& job) {
    world_.queue.Remove(&job);
    world_.BeginReading(job, static_cast<std::int32_t>(world_.running.size()), 0);
  }

  World world_{PerRow()};
  std::deque<Job> jobs_;
};

TEST_F(PredictionTest, OnAnIdleMachineItIsTheTimeToReadThePrompt) {
  EXPECT_EQ(PredictFirstToken(world_, 256), milliseconds(256));
  EXPECT_EQ(PredictFirstToken(world_, 2048), milliseconds(2048));
}

TEST_F(PredictionTest, WhatIsReadAndWhatWaitsComesFirst) {
  Starts(Waits(1000));
  EXPECT_EQ(PredictFirstToken(world_, 100), milliseconds(1100));
  Waits(500);
  EXPECT_GE(PredictFirstToken(world_, 100), milliseconds(1600));
}

TEST_F(PredictionTest, WithoutAFreeSlotAnAnswerMustEndFirst) {
  Starts(Waits(100));
  const auto with_a_slot = PredictFirstToken(world_, 100);
  Starts(Waits(100));
  const auto without = PredictFirstToken(world_, 100);
  EXPECT_GT(without, with_a_slot + milliseconds(100));
  world_.answer_tokens *= 2;
  EXPECT_GT(PredictFirstToken(world_, 100), without) << "longer answers hold their slots longer";
}

TEST_F(PredictionTest, GrowsWithTheQueueAndIsBounded) {
  base::Duration before{};
  for (int i = 0; i < 50; ++i) {
    Waits(2000);
    const auto now = PredictFirstToken(world_, 100);
    EXPECT_GT(now, before);
    EXPECT_EQ(PredictRoom(world_), std::max<base::Duration>(PredictFirstToken(world_, 0) / 2, seconds(1)));
    before = now;
  }
  world_.answer_tokens = 1e12;
  EXPECT_LE(PredictFirstToken(world_, 100), seconds(86400));
}

}  // namespace
}  // namespace lares::scheduler
