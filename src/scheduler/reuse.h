// SPDX-License-Identifier: Apache-2.0
//
// What of a prompt exists already, or will soon.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "scheduler/world.h"

namespace lares::scheduler {

// At least one symbol is always left to compute: its row yields the first token.
struct Reuse {
  std::size_t in_slots = 0;         // symbols of the longest common prefix with a slot's content
  std::vector<std::int32_t> slots;  // that share it
  std::size_t in_host = 0;
  BlobId blob = 0;

  std::size_t best() const { return in_slots > in_host ? in_slots : in_host; }
};

Reuse FindReuse(const World& world, const Job& job);

// Whether `job` had better wait for another sequence that is reading the same prefix, because that will soon
// spare it more than `cached` does. If so, notes in both what is waited for.
bool AwaitReader(World& world, Job& job, std::size_t cached);

// Whether what `job` waits for is still to come. If not, it no longer waits.
bool StillAwaits(const World& world, Job& job);

}  // namespace lares::scheduler
