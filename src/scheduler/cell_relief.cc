// SPDX-License-Identifier: Apache-2.0
#include "scheduler/cell_relief.h"

#include <algorithm>
#include <utility>

namespace lares::scheduler {
namespace {

constexpr std::size_t kWorthSaving = 64;  // symbols; less is computed again in one small call

// Whether something else that will stay holds the whole of it.
bool KeptElsewhere(const World& world, std::int32_t slot, PrefixTree::Symbols content) {
  const std::uint64_t salt = world.slots.salt(slot);
  const bool whole_only = !world.options.can_truncate;
  const auto in_host = world.host.contents().Longest(salt, content);
  if (in_host.length == content.size()) {
    for (const BlobId blob : in_host.entries) {
      if (!whole_only || world.host.length(blob) == content.size()) return true;
    }
  }
  for (const auto entry : world.slots.contents().Longest(salt, content).entries) {
    const auto other = static_cast<std::int32_t>(entry);
    if (other == slot || !world.slots.confirmed(other)) continue;
    if (!whole_only || world.slots.length(other) == content.size()) return true;
  }
  return false;
}

std::int32_t LeastRecentlyUsed(const World& world, std::int32_t keep) {
  std::int32_t oldest = kNoSlot;
  for (std::int32_t slot = 0; slot < world.slots.count(); ++slot) {
    if (slot == keep || !world.slots.idle(slot) || world.slots.empty(slot)) continue;
    if (oldest == kNoSlot || world.slots.last_use(slot) < world.slots.last_use(oldest)) oldest = slot;
  }
  return oldest;
}

}  // namespace

std::optional<BlobId> SaveContent(World& world, std::int32_t slot) {
  if (!world.host.enabled() || world.slots.length(slot) < kWorthSaving || !world.slots.confirmed(slot)) {
    return std::nullopt;
  }
  const auto content = world.slots.SymbolsOf(slot);
  if (KeptElsewhere(world, slot, content)) return std::nullopt;
  const auto blob = world.host.Add(world.slots.salt(slot), content, world.slots.cells(slot),
                                   world.options.can_truncate, world.operations);
  if (blob) world.operations.emplace_back(SpillSlot{slot, *blob});
  return blob;
}

void Vacate(World& world, std::int32_t slot) {
  if (world.slots.empty(slot)) return;
  SaveContent(world, slot);
  world.operations.emplace_back(TruncateSlot{slot, 0});
  world.slots.Clear(slot);
  ++world.evictions;
}

bool EvictUntilFree(World& world, std::int64_t cells, std::int32_t keep) {
  while (world.slots.cells_free() < cells) {
    const std::int32_t slot = LeastRecentlyUsed(world, keep);
    if (slot == kNoSlot) return false;
    Vacate(world, slot);
  }
  return true;
}

bool PreemptNewest(World& world) {
  if (world.running.size() < 2) return false;
  // The last in order. The first is never the victim and is never overtaken for ever, so somebody always gets
  // on.
  Job* victim = *std::ranges::max_element(
      world.running, {}, [&](const Job* job) { return std::pair(world.UrgencyOf(*job), job->arrival); });
  const std::int32_t slot = victim->slot;
  if (const auto blob = SaveContent(world, slot)) {
    if (victim->saved != 0) world.host.Unpin(victim->saved);
    victim->saved = *blob;
    world.host.Pin(*blob);
  }
  world.LeaveSlot(*victim);
  if (!world.slots.empty(slot)) {
    world.operations.emplace_back(TruncateSlot{slot, 0});
    world.slots.Clear(slot);
  }
  world.queue.Push(victim);
  world.preempted.push_back(victim->id);
  ++victim->stats.preemptions;
  ++world.preemptions;
  return true;
}

std::int64_t DecodingRows(const World& world) {
  return std::ranges::count_if(
      world.running, [](const Job* job) { return job->state == Job::State::kDecoding && job->left() > 0; });
}

void RelievePressure(World& world) {
  for (; world.cells_refused > 0; --world.cells_refused) {
    const std::int32_t slot = LeastRecentlyUsed(world, kNoSlot);
    if (slot != kNoSlot) {
      Vacate(world, slot);
    } else {
      PreemptNewest(world);
    }
  }
  while (!EvictUntilFree(world, DecodingRows(world))) {
    if (!PreemptNewest(world)) break;
  }
}

}  // namespace lares::scheduler
