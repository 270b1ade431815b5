// SPDX-License-Identifier: Apache-2.0
#include "scheduler/world.h"

#include <algorithm>

#include "base/check.h"

namespace lares::scheduler {

World::World(const Options& given)
    : options(given),
      slots(given.slots, given.total_cells),
      host(given.host_cache_bytes, given.cell_bytes),
      queue(given.max_wait),
      cost(given) {
  LARES_CHECK(given.slot_cells > 0 && given.total_cells > 0);
  LARES_CHECK(given.max_rows >= given.slots && given.chunk_quantum > 0);
}

Job* World::Find(SequenceId id) const {
  const auto found = jobs.find(id);
  return found == jobs.end() ? nullptr : found->second.get();
}

void World::BeginReading(Job& job, std::int32_t slot, std::size_t done) {
  LARES_CHECK(job.state == Job::State::kWaiting && done < job.symbols.size());
  slots.Take(slot, &job);
  job.state = Job::State::kReading;
  job.slot = slot;
  job.done = done;
  job.awaited = 0;
  job.promised = static_cast<double>(job.rows_left());
  FairShare::Promise(*job.tenant, job.promised);
  running.push_back(&job);
  reading.Insert(job.id, job.salt, job.symbols.First(job.symbols.size()));
}

void World::BeginDecoding(Job& job) {
  LARES_CHECK(job.state == Job::State::kReading);
  reading.Remove(job.id);
  job.cuts.clear();
  job.state = Job::State::kDecoding;
}

void World::ReadAgain(Job& job) {
  LARES_CHECK(job.state == Job::State::kDecoding);
  job.state = Job::State::kReading;
  reading.Insert(job.id, job.salt, job.symbols.First(job.symbols.size()));
}

void World::LeaveSlot(Job& job) {
  LARES_CHECK(job.running());
  if (job.state == Job::State::kReading) reading.Remove(job.id);
  slots.Release(job.slot);
  std::erase(running, &job);
  FairShare::Withdraw(*job.tenant, job.promised);
  job.promised = 0;
  job.cuts.clear();
  job.state = Job::State::kWaiting;
  job.slot = kNoSlot;
  job.done = 0;
}

void World::Forget(Job& job) {
  if (job.running()) {
    LeaveSlot(job);
  } else {
    queue.Remove(&job);
  }
  if (job.saved != 0) host.Unpin(job.saved);
  shares.Leave(job.tenant);
  ended[job.id] = job.stats;
  jobs.erase(job.id);
}

void World::CountComputed(Job& job, std::int64_t rows) {
  const double kept = std::min(job.promised, static_cast<double>(rows));
  FairShare::Withdraw(*job.tenant, kept);
  job.promised -= kept;
  FairShare::Serve(*job.tenant, FairShare::kRowWeight * static_cast<double>(rows));
}

}  // namespace lares::scheduler
