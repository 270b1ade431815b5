// SPDX-License-Identifier: Apache-2.0
#include "scheduler/prediction.h"

#include <algorithm>
#include <chrono>

namespace lares::scheduler {
namespace {

constexpr std::int64_t kTypicalDepth = 512;

// A step as it goes on while there are prompts to read: its length, and how many prompt rows it reads.
struct TypicalStep {
  double seconds = 0;
  std::int64_t rows = 0;
};

TypicalStep StepNow(const World& world) {
  CallShape decode;
  for (const Job* job : world.running) {
    if (job->state == Job::State::kDecoding) decode.Add(1, static_cast<std::int64_t>(job->done));
  }
  std::int64_t rows = world.options.max_rows;
  const auto shape = [&] {
    CallShape prefill;
    prefill.Add(rows, kTypicalDepth);
    return prefill;
  };
  while (decode.rows > 0 && rows > world.options.chunk_quantum &&
         world.cost.Gap(shape(), decode) > world.options.inter_token_p99) {
    rows = std::max<std::int64_t>(rows / 2, world.options.chunk_quantum);
  }
  return {.seconds = base::Seconds(world.cost.Decode(decode) + world.cost.Prefill(shape())), .rows = rows};
}

}  // namespace

base::Duration PredictFirstToken(const World& world, std::int64_t rows) {
  const TypicalStep step = StepNow(world);
  std::int64_t ahead = world.queue.rows() + rows;
  for (const Job* job : world.running) ahead += job->state == Job::State::kReading ? job->rows_left() : 0;
  double seconds = step.seconds * static_cast<double>(ahead) / static_cast<double>(step.rows);
  const auto free = static_cast<std::size_t>(world.slots.idle_count());
  if (free <= world.queue.size()) {
    // It also needs a slot: one comes free each `slots`-th part of an answer's time.
    const auto turns = static_cast<double>(world.queue.size() - free + 1);
    seconds += turns * world.answer_tokens * step.seconds / world.slots.count();
  }
  return base::FromSeconds(std::min(seconds, 86400.0));
}

base::Duration PredictRoom(const World& world) {
  return std::max<base::Duration>(PredictFirstToken(world, 0) / 2, std::chrono::seconds(1));
}

}  // namespace lares::scheduler
