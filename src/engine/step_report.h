// SPDX-License-Identifier: Apache-2.0
//
// What an engine did in one step and how it stands after it: plain numbers, for metrics.
#pragma once

#include <cstdint>
#include <span>

#include "base/clock.h"

namespace lares::engine {

struct StepReport {
  base::Duration decode{};  // zero: there was no such call, or its time says nothing
  base::Duration predicted_decode{};
  base::Duration prefill{};
  base::Duration predicted_prefill{};
  std::uint64_t preemptions = 0;  // since the report before
  std::uint64_t evictions = 0;

  std::uint64_t waiting = 0;
  std::uint64_t running = 0;
  std::int64_t cells_free = 0;
  std::int64_t cells_used = 0;
  std::int64_t cells_cached = 0;
  std::uint64_t host_bytes = 0;
  bool operator==(const StepReport&) const = default;
};

// Called on one thread at a time; must return at once.
class StepListener {
 public:
  virtual ~StepListener() = default;
  virtual void OnSteps(std::span<const StepReport> steps) = 0;
};

}  // namespace lares::engine
