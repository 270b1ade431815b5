// SPDX-License-Identifier: Apache-2.0
#include "scheduler/starter.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "scheduler/cell_relief.h"
#include "scheduler/reuse.h"

namespace lares::scheduler {
namespace {

constexpr std::size_t kWorthCopying = 16;  // symbols; a copy moves the whole state of its source
constexpr std::size_t kSmallTail = 64;     // symbols that may be lost without a thought
constexpr std::int64_t kGrowth = 32;       // cells kept for each running sequence to grow into
constexpr std::size_t kVictimsExamined = 4;

std::int64_t Growth(const Job& job) { return std::min<std::int64_t>(kGrowth, job.max_new - job.produced); }

// Whether its cells fit beside everything that runs. Alone it always does (Admit saw to that).
bool CellsFit(const World& world, const Job& job) {
  std::int64_t committed = job.symbols.rows() + Growth(job);
  for (const Job* other : world.running) committed += other->symbols.rows() + Growth(*other);
  return world.running.empty() || committed <= world.slots.cells_total();
}

// Symbols at the end of the slot's content that a waiting sequence could use, while `keep` stay.
bool TailIsWanted(const World& world, std::int32_t slot, std::size_t keep) {
  const auto content = world.slots.SymbolsOf(slot);
  return world.queue.Wanted(world.slots.salt(slot), content) > keep + kSmallTail;
}

// An empty slot, the lowest first (contiguous slots compute faster), else the one whose content is missed
// least.
std::int32_t LeastValuable(const World& world, std::int32_t except) {
  std::vector<std::int32_t> idle;
  for (std::int32_t slot = 0; slot < world.slots.count(); ++slot) {
    if (slot == except || !world.slots.idle(slot)) continue;
    if (world.slots.empty(slot)) return slot;
    idle.push_back(slot);
  }
  if (idle.empty()) return kNoSlot;
  const auto by_use = [&](std::int32_t slot) { return world.slots.last_use(slot); };
  const std::size_t examined = std::min(idle.size(), kVictimsExamined);
  std::ranges::partial_sort(idle, idle.begin() + static_cast<std::ptrdiff_t>(examined), {}, by_use);
  for (std::size_t i = 0; i < examined; ++i) {
    if (!TailIsWanted(world, idle[i], 0)) return idle[i];
  }
  return idle.front();
}

// The idle slot among those that share the prefix that loses least by being continued in place.
std::int32_t BestInPlace(const World& world, const Reuse& reuse) {
  std::int32_t best = kNoSlot;
  for (const std::int32_t slot : reuse.slots) {
    if (!world.slots.idle(slot)) continue;
    const auto loss = [&](std::int32_t s) {
      return std::pair(world.slots.length(s), world.slots.last_use(s));
    };
    if (best == kNoSlot || loss(slot) < loss(best)) best = slot;
  }
  return best;
}

// Where a sequence starts: `slot`, filled with `symbols` from what is there, from another slot or from a
// blob.
struct Start {
  std::int32_t slot = kNoSlot;
  std::int32_t from = kNoSlot;  // == slot: in place
  BlobId blob = 0;
  std::size_t symbols = 0;
};

// Whether to continue in `slot` itself rather than in a copy of it in `other`.
bool PreferInPlace(const World& world, const Reuse& reuse, std::int32_t slot, std::int32_t other) {
  const std::size_t tail = world.slots.length(slot) - reuse.in_slots;
  const bool small = tail <= std::max(kSmallTail, reuse.in_slots / 8);
  if (small && (tail == 0 || !TailIsWanted(world, slot, reuse.in_slots))) return true;
  if (other == kNoSlot || reuse.in_slots < kWorthCopying) return other == kNoSlot;
  if (world.slots.empty(other)) return false;
  return world.slots.last_use(slot) < world.slots.last_use(other) &&
         !TailIsWanted(world, slot, reuse.in_slots);
}

Start Choose(const World& world, const Reuse& reuse) {
  const std::size_t worth = reuse.in_slots >= kWorthCopying ? reuse.in_slots : 0;
  if (reuse.in_host >= worth + kWorthCopying) {
    const std::int32_t slot = LeastValuable(world, kNoSlot);
    return {.slot = slot, .blob = reuse.blob, .symbols = reuse.in_host};
  }
  const std::int32_t in_place = BestInPlace(world, reuse);
  const std::int32_t other = LeastValuable(world, in_place);
  if (in_place != kNoSlot && PreferInPlace(world, reuse, in_place, other)) {
    return {.slot = in_place, .from = in_place, .symbols = reuse.in_slots};
  }
  if (worth == 0) return {.slot = other};
  const std::int32_t from = in_place != kNoSlot ? in_place : reuse.slots.front();
  return {.slot = other, .from = from, .symbols = worth};
}

void KeepInPlace(World& world, const Job& job, const Start& start) {
  const std::size_t tail = world.slots.length(start.slot) - start.symbols;
  if (tail == 0) return;
  if (tail > kSmallTail) SaveContent(world, start.slot);
  world.operations.emplace_back(TruncateSlot{start.slot, job.symbols.PositionsBefore(start.symbols)});
  world.slots.Truncate(start.slot, job.symbols, start.symbols);
}

// Fills an emptied slot. The cells are there unless the source itself is what must make room.
void FillFromElsewhere(World& world, const Job& job, Start& start) {
  const std::int64_t cells = job.symbols.RowsBefore(start.symbols);
  if (start.symbols == 0) return;
  if (!EvictUntilFree(world, cells + DecodingRows(world), start.from)) {
    start.symbols = 0;
    return;
  }
  const std::int32_t position = job.symbols.PositionsBefore(start.symbols);
  world.slots.Fill(start.slot, job.salt, job.symbols, start.symbols);
  if (start.blob != 0) {
    world.operations.emplace_back(RestoreBlob{start.blob, start.slot, position});
    world.restores.emplace_back(start.blob, start.slot);
    world.slots.SetConfirmed(start.slot, false);
    world.host.Touch(start.blob);
  } else {
    world.operations.emplace_back(CopySlot{start.from, start.slot, position});
    world.slots.Touch(start.from);
  }
}

// The same state is on its way into a slot, from which it will be copied in the next step. (Should a restore
// fail, the result names the blob alone, so each goes to one slot per step.)
bool IsBeingRestored(const World& world, const Reuse& reuse) {
  return reuse.in_host > reuse.in_slots && std::ranges::any_of(world.restores, [&](const auto& restore) {
           return restore.first == reuse.blob;
         });
}

void CountReuse(World& world, Job& job, std::size_t symbols) {
  if (job.started_before) return;
  job.started_before = true;
  job.stats.cached_symbols = static_cast<std::int32_t>(symbols);
  world.cache_hits += symbols;
  world.cache_misses += job.symbols.size() - symbols;
}

void StartJob(World& world, Job& job, const Reuse& reuse) {
  world.queue.Remove(&job);  // first, so that it does not count as one more that wants a slot's content
  Start start = Choose(world, reuse);
  LARES_CHECK(start.slot != kNoSlot);
  if (start.from == start.slot) {
    KeepInPlace(world, job, start);
  } else {
    // The slot's old content may be pushed out of host memory by its own saving; never what is restored next.
    if (start.blob != 0) world.host.Pin(start.blob);
    Vacate(world, start.slot);
    FillFromElsewhere(world, job, start);
    if (start.blob != 0) world.host.Unpin(start.blob);
  }
  if (job.saved != 0) {
    world.host.Unpin(job.saved);
    job.saved = 0;
  }
  world.BeginReading(job, start.slot, start.symbols);
  CountReuse(world, job, start.symbols);
}

}  // namespace

void StartWaiting(World& world) {
  // Each round starts a job or sets one to wait; those beyond the bound are looked at in the next step.
  std::int32_t rounds = 2 * world.slots.count() + 32;
  std::vector<const Job*> next_step;
  while (rounds-- > 0 && world.slots.idle_count() > 0 && world.queue.size() > 0) {
    Job* job = world.queue.Next(world.now, [&](Job& candidate) {
      return !StillAwaits(world, candidate) && std::ranges::find(next_step, &candidate) == next_step.end();
    });
    // Who is first and does not fit holds up those behind, or it would never get its turn.
    if (job == nullptr || !CellsFit(world, *job)) return;
    const Reuse reuse = FindReuse(world, *job);
    if (AwaitReader(world, *job, reuse.best())) continue;
    if (IsBeingRestored(world, reuse)) {
      next_step.push_back(job);
    } else {
      StartJob(world, *job, reuse);
    }
  }
}

}  // namespace lares::scheduler
