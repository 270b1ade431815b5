// SPDX-License-Identifier: Apache-2.0
//
// What the scheduler counts, for metrics, health, usage and logs. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lares::scheduler {

// Counts for metrics and health; cells: free + used + cached == total, always.
struct Stats {
  std::size_t waiting = 0;
  std::size_t running = 0;  // hold a slot: reading their prompt or producing
  std::int64_t cells_total = 0;
  std::int64_t cells_free = 0;
  std::int64_t cells_used = 0;
  std::int64_t cells_cached = 0;
  std::uint64_t host_bytes = 0;
  std::uint64_t cache_hit_symbols = 0;  // prompt symbols not computed again, since start
  std::uint64_t cache_miss_symbols = 0;
  std::uint64_t preemptions = 0;
  std::uint64_t evictions = 0;
};

// What a sequence has cost and got; for usage and logs.
struct SequenceStats {
  std::int32_t cached_symbols = 0;  // of its prompt, at its first start
  std::int32_t preemptions = 0;
};

}  // namespace lares::scheduler
