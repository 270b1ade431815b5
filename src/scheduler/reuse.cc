// SPDX-License-Identifier: Apache-2.0
#include "scheduler/reuse.h"

#include <algorithm>

namespace lares::scheduler {
namespace {

constexpr std::int32_t kMaxWaits = 4;  // then it computes: whoever it waits for may never get there
constexpr std::size_t kOwnTail = 16;   // symbols behind the shared part that are not worth a cut

// What may come from a cache: the rest is read, so that there are scores to begin with, and it is never a
// lone row (kLeastPart).
PrefixTree::Symbols Cacheable(const Job& job) {
  return job.symbols.First(job.symbols.size() - std::min(job.symbols.size(), kLeastPart));
}

// Entries that can serve the whole of their content only (the model cannot forget a part).
void FindWhole(const World& world, const Job& job, PrefixTree::Symbols usable, Reuse& reuse) {
  for (const auto entry : world.slots.contents().PrefixesOf(job.salt, usable)) {
    const auto slot = static_cast<std::int32_t>(entry);
    if (!world.slots.confirmed(slot)) continue;
    if (world.slots.length(slot) > reuse.in_slots) reuse.slots.clear();
    reuse.in_slots = world.slots.length(slot);
    reuse.slots.push_back(slot);
  }
  for (const BlobId blob : world.host.contents().PrefixesOf(job.salt, usable)) {
    if (!world.host.confirmed(blob)) continue;
    reuse.in_host = world.host.length(blob);
    reuse.blob = blob;
  }
}

void FindShared(const World& world, const Job& job, PrefixTree::Symbols usable, Reuse& reuse) {
  const auto slots = world.slots.contents().Longest(job.salt, usable);
  for (const auto entry : slots.entries) {
    const auto slot = static_cast<std::int32_t>(entry);
    if (world.slots.confirmed(slot)) reuse.slots.push_back(slot);
  }
  std::ranges::sort(reuse.slots);
  if (!reuse.slots.empty()) reuse.in_slots = slots.length;
  const auto host = world.host.contents().Longest(job.salt, usable);
  for (const BlobId blob : host.entries) {
    if (!world.host.confirmed(blob)) continue;
    // The shortest is restored fastest.
    const bool better = reuse.blob == 0 || std::pair(world.host.length(blob), blob) <
                                               std::pair(world.host.length(reuse.blob), reuse.blob);
    if (better) reuse.blob = blob;
  }
  if (reuse.blob != 0) reuse.in_host = host.length;
}

}  // namespace

Reuse FindReuse(const World& world, const Job& job) {
  Reuse reuse;
  const auto usable = Cacheable(job);
  if (world.options.can_truncate) {
    FindShared(world, job, usable, reuse);
  } else {
    FindWhole(world, job, usable, reuse);
  }
  return reuse;
}

bool AwaitReader(World& world, Job& job, std::size_t cached) {
  const auto quantum = static_cast<std::size_t>(world.options.chunk_quantum);
  const bool overdue = world.IsOverdue(job);
  if (!world.options.can_truncate || job.waits >= kMaxWaits || overdue) return false;
  const auto match = world.reading.Longest(job.salt, Cacheable(job));
  if (match.length <= cached + std::max<std::size_t>(64, quantum)) return false;
  Job* reader = nullptr;
  for (const SequenceId id : match.entries) {
    Job* other = world.Find(id);
    // Never for one of a lower class: it may not be read for long.
    if (other->cancelled || other->service_class > job.service_class || other->done >= match.length) continue;
    if (reader == nullptr ||
        std::pair(other->done, reader->arrival) > std::pair(reader->done, other->arrival)) {
      reader = other;
    }
  }
  if (reader == nullptr) return false;
  job.awaited = reader->id;
  job.awaited_symbols = match.length;
  if (reader->symbols.size() - match.length > kOwnTail) {
    // The last few shared symbols would cost the reader a call of their own.
    job.awaited_symbols = std::max(match.length - match.length % quantum, reader->done + 1);
    reader->cuts.push_back(job.awaited_symbols);
  }
  ++job.waits;
  return true;
}

bool StillAwaits(const World& world, Job& job) {
  if (job.awaited == 0) return false;
  const Job* reader = world.Find(job.awaited);
  const bool coming = reader != nullptr && reader->state == Job::State::kReading && !reader->cancelled &&
                      reader->done < job.awaited_symbols;
  if (coming && !world.IsOverdue(job)) return true;
  job.awaited = 0;
  return false;
}

}  // namespace lares::scheduler
