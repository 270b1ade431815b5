// SPDX-License-Identifier: Apache-2.0
//
// What the scheduler is told once: the size of the context, and the promises.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace lares::scheduler {

// Time of a call = base + per_row * rows + per_row_depth * rows * depth (depth: mean position of the rows).
// Used to fix the model by configuration, so that tests do not hang on the clock.
struct StepCost {
  base::Duration base{};
  base::Duration per_row{};
  double per_row_depth_ns = 0;
};

struct FixedCosts {
  StepCost decode;
  StepCost prefill;
};

// Symbols that a part of a prompt has at least, where the prompt has them. Kernels may compute a lone row in
// another way than several; so cut, a prompt gives the same scores with and without a cached beginning.
inline constexpr std::size_t kLeastPart = 2;

struct Options {
  std::int32_t slots = 1;
  std::int32_t slot_cells = 4096;
  std::int64_t total_cells = 4096;  // streams: slots * slot_cells; unified: less
  std::int32_t max_rows = 2048;     // per call
  std::int32_t chunk_quantum = 64;
  std::size_t max_waiting = 256;
  base::Duration inter_token_p99 =
      std::chrono::milliseconds(500);                  // between two tokens, while prompts are read
  base::Duration max_wait = std::chrono::seconds(30);  // then it counts as one of the first class
  std::uint64_t host_cache_bytes = 0;                  // saved states; 0: none
  std::uint64_t cell_bytes = 0;                        // to estimate a state's size before it is saved
  bool can_truncate = true;                            // a slot's content can be cut at any position
  std::optional<FixedCosts> fixed_costs;               // absent: fitted online
};

}  // namespace lares::scheduler
