// SPDX-License-Identifier: Apache-2.0
#include "scheduler/invariants.h"

#include <algorithm>
#include <unordered_map>

#include "base/check.h"

namespace lares::scheduler {
namespace {

void CheckRunning(const World& world, const Job& job) {
  LARES_CHECK(world.slots.holder(job.slot) == &job);
  LARES_CHECK(std::ranges::count(world.running, &job) == 1);
  // The slot holds exactly what the job believes, so rows and positions follow on.
  LARES_CHECK(world.slots.length(job.slot) == job.done);
  LARES_CHECK(world.slots.cells(job.slot) == job.symbols.RowsBefore(job.done));
  LARES_CHECK(world.slots.cells(job.slot) <= world.options.slot_cells);
  const auto content = world.slots.SymbolsOf(job.slot);
  LARES_CHECK(std::ranges::equal(content, job.symbols.First(job.done)));
  if (job.done > 0) LARES_CHECK(world.slots.salt(job.slot) == job.salt);
  LARES_CHECK(world.reading.Contains(job.id) == (job.state == Job::State::kReading));
  if (!job.cancelled) LARES_CHECK(job.left() > 0);
  if (job.state == Job::State::kDecoding && !job.cancelled) LARES_CHECK(job.left() == 1);
}

void CheckWaiting(const World& world, const Job& job) {
  LARES_CHECK(job.slot == kNoSlot && job.done == 0 && job.promised == 0);
  LARES_CHECK(!world.reading.Contains(job.id));
  if (job.saved != 0) LARES_CHECK(world.host.Contains(job.saved));
}

void CheckShares(const World& world) {
  std::unordered_map<const FairShare::Tenant*, std::size_t> sequences;
  for (const auto& [id, job] : world.jobs) ++sequences[job->tenant];
  for (const auto& [tenant, count] : sequences) LARES_CHECK(tenant->sequences == count);
}

}  // namespace

void CheckWorld(const World& world) {
  std::size_t running = 0;
  std::size_t newcomers = 0;
  std::int64_t waiting_rows = 0;
  for (const auto& [id, job] : world.jobs) {
    LARES_CHECK(job->id == id);
    LARES_CHECK(job->done <= job->symbols.size());
    LARES_CHECK(job->symbols.rows() <= world.options.slot_cells);
    if (job->running()) {
      ++running;
      CheckRunning(world, *job);
    } else {
      waiting_rows += job->symbols.rows();
      newcomers += job->stats.preemptions == 0 ? 1 : 0;
      CheckWaiting(world, *job);
    }
  }
  LARES_CHECK(running == world.running.size());
  LARES_CHECK(world.queue.size() + running == world.jobs.size());
  LARES_CHECK(world.queue.rows() == waiting_rows);
  // Preempted sequences come back whatever the queue's bound is.
  LARES_CHECK(newcomers <= world.options.max_waiting);
  LARES_CHECK(world.slots.count() - world.slots.idle_count() == static_cast<std::int32_t>(running));
  world.slots.CheckInvariants();
  world.host.CheckInvariants();
  world.reading.CheckInvariants();
  CheckShares(world);
}

}  // namespace lares::scheduler
