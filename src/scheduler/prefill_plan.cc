// SPDX-License-Identifier: Apache-2.0
#include "scheduler/prefill_plan.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "scheduler/cell_relief.h"
#include "scheduler/chunk_planner.h"

namespace lares::scheduler {
namespace {

// Service that the reader whose turn it was may be ahead of others, so that two tenants' prompts are not read
// in turns of one chunk each: that would double the wait of both.
constexpr double kTurn = 2048;
constexpr double kMaxPeriod = 16;  // steps; a prompt gets a chunk at least this often

std::vector<Job*> ReadersInOrder(const World& world) {
  std::vector<Job*> readers;
  for (Job* job : world.running) {
    if (job->state == Job::State::kReading && job->left() > 0) readers.push_back(job);
  }
  struct Key {
    int urgency;
    double share;
    std::uint64_t arrival;
    auto operator<=>(const Key&) const = default;
  };
  const auto key = [&](const Job* job) {
    const int urgency = world.UrgencyOf(*job);
    const double turn = job->id == world.last_first_reader ? kTurn : 0;
    return Key{urgency, job->tenant->served - turn, job->arrival};
  };
  std::ranges::sort(readers, [&](const Job* a, const Job* b) { return key(a) < key(b); });
  return readers;
}

std::int64_t SmallestRows(const Job& reader, std::int64_t quantum) {
  const std::size_t symbols = std::max<std::size_t>(1, reader.symbols.CountWithin(reader.done, quantum));
  return reader.symbols.RowsBefore(reader.done + symbols) - reader.symbols.RowsBefore(reader.done);
}

// Cells for the readers: evicts for them, and preempts when the step would otherwise have nothing to do.
// Gives what the call may take, after `reserved` for the decode call.
std::int64_t FindCells(World& world, std::int64_t reserved, std::vector<Job*>& readers) {
  while (true) {
    std::int64_t wanted = 0;
    for (const Job* job : readers) wanted += job->rows_left();
    const std::int64_t least = SmallestRows(*readers.front(), world.options.chunk_quantum);
    wanted = std::max(std::min<std::int64_t>(wanted, world.options.max_rows), least);
    EvictUntilFree(world, wanted + reserved);
    const std::int64_t free = world.slots.cells_free() - reserved;
    if (free >= least || reserved > 0 || !PreemptNewest(world)) return free;
    readers = ReadersInOrder(world);
    if (readers.empty()) return 0;
  }
}

// The smallest chunk does not fit beside the decode call: it runs every k-th step, k as large as it is too
// long.
bool IsItsTurn(World& world, const ChunkPlan& smallest, const CallShape& decode) {
  const double gap = base::Seconds(world.cost.Gap(smallest.shape, decode));
  const double bound = base::Seconds(world.options.inter_token_p99);
  const double period = std::clamp(std::ceil(gap / std::max(bound, 1e-9)), 2.0, kMaxPeriod);
  return ++world.skipped_prefills >= static_cast<std::int32_t>(period);
}

void Emit(World& world, const ChunkPlan& plan, Step& step) {
  for (const Chunk& chunk : plan.chunks) {
    const Job& job = *chunk.job;
    step.prefill.push_back({.sequence = job.id,
                            .slot = job.slot,
                            .first = job.done,
                            .count = chunk.symbols,
                            .position = job.symbols.PositionsBefore(job.done),
                            .last = chunk.symbols == job.left()});
  }
  // Neighbouring slots in order are computed together by backends with separate streams.
  std::ranges::sort(step.prefill, {}, &PrefillChunk::slot);
  step.predicted_prefill = world.cost.Prefill(plan.shape);
}

void NoteTurns(World& world, const std::vector<Job*>& readers, const ChunkPlan& plan) {
  Job* first = readers.front();
  world.last_first_reader = first->id;
  first->advanced = std::ranges::any_of(plan.chunks, [&](const Chunk& chunk) { return chunk.job == first; });
}

}  // namespace

void PlanPrefill(World& world, const CallShape& decode, Step& step) {
  std::vector<Job*> readers = ReadersInOrder(world);
  if (readers.empty()) return;
  const std::int64_t cells = FindCells(world, decode.rows, readers);
  if (readers.empty() || cells <= 0) return;

  ChunkLimits limits{.rows = std::min<std::int64_t>(cells, world.options.max_rows),
                     .quantum = world.options.chunk_quantum,
                     .gap = {},
                     .decode = decode};
  if (world.refused_rows > 0)
    limits.rows = std::min(limits.rows, std::max<std::int64_t>(1, world.refused_rows / 2));
  const bool alone = decode.rows == 0;
  step.interruptible = alone && !world.interrupted_in_vain;
  if (!step.interruptible) {
    limits.gap = world.options.inter_token_p99;
    limits.rows = std::min(limits.rows, world.cost.TrustedRows());
  }
  const ChunkPlanner planner(world.cost, limits);
  ChunkPlan plan = planner.Plan(readers);
  if (plan.chunks.empty()) {
    plan = planner.Smallest(*readers.front());
    if (plan.shape.rows > cells) return;
    if (!alone && !IsItsTurn(world, plan, decode)) return;
  }
  world.skipped_prefills = 0;
  NoteTurns(world, readers, plan);
  Emit(world, plan, step);
}

}  // namespace lares::scheduler
