// SPDX-License-Identifier: Apache-2.0
//
// How many rows of which prompts fit in one prefill call. Pure: jobs in order in, chunk sizes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "scheduler/call_shape.h"
#include "scheduler/job.h"
#include "scheduler/step_cost.h"

namespace lares::scheduler {

struct ChunkLimits {
  std::int64_t rows = 0;              // that the call may have at most
  std::int64_t quantum = 64;          // a part of a prompt is a multiple of it
  std::optional<base::Duration> gap;  // bound on this call and the next decode call; absent: none
  CallShape decode;                   // the next decode call as it is without who ends its prompt now
};

struct Chunk {
  Job* job = nullptr;
  std::size_t symbols = 0;
};

struct ChunkPlan {
  std::vector<Chunk> chunks;
  CallShape shape;
};

class ChunkPlanner {
 public:
  ChunkPlanner(const StepCostModel& cost, const ChunkLimits& limits) : cost_(cost), limits_(limits) {}

  // Chunks for `readers`, in order, as far as the limits go. A first reader with much to read lets those with
  // little left go before it, for at most half of the call, unless it got nothing the last time.
  ChunkPlan Plan(std::span<Job* const> readers) const;

  // The least that makes sense for one reader, whatever it costs.
  ChunkPlan Smallest(Job& reader) const;

 private:
  struct Room {
    std::int64_t rows = 0;
    std::optional<base::Duration> gap;
  };
  bool Fits(const CallShape& prefill, std::int64_t ending, const Room& room) const;
  std::size_t Take(const Job& job, const ChunkPlan& plan, std::int64_t ending, const Room& room) const;
  // False when nothing of it fitted whole, so that nobody behind may pass.
  bool Add(Job& job, ChunkPlan& plan, std::int64_t& ending, const Room& room) const;

  const StepCostModel& cost_;
  const ChunkLimits limits_;
};

}  // namespace lares::scheduler
