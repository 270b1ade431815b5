// SPDX-License-Identifier: Apache-2.0
//
// How many requests at once, with how much context, on how many threads: from the model's file, what the
// machine gives and what the user asked for. A model that does not generate has no slots; its context is the
// length of a text. Pure arithmetic; includes nothing of the library.
#pragma once

#include <cstdint>
#include <string>

#include "backend/llama/gguf_check.h"
#include "backend/llama/host_resources.h"
#include "base/error.h"

namespace lares::backend::llama {

struct PlanRequest {
  std::int32_t slots = 0;       // 0: to be chosen
  std::int32_t slot_cells = 0;  // 0: to be chosen
  std::int32_t threads = 0;     // 0: to be chosen
  std::int32_t chunk_rows = 512;
  std::int32_t logit_rows = 0;          // 0: one per slot
  double kv_value_bytes = 2.0;          // of one number in the KV cache
  std::uint64_t host_cache_bytes = 0;   // for saved states, at most
  std::string kv_type = "f16";          // for the message
  std::string gpu_layers = "no layer";  // on a GPU; for the message
};

struct MemoryPlan {
  std::int32_t slots = 1;
  std::int32_t slot_cells = 0;
  std::int32_t threads = 1;
  std::uint64_t cell_bytes = 0;
  std::uint64_t weight_bytes = 0;
  std::uint64_t kv_bytes = 0;
  std::uint64_t compute_bytes = 0;
  std::uint64_t embedding_bytes = 0;   // of the context that embeds, made at first use; 0: there is no room
  std::uint64_t host_cache_bytes = 0;  // for saved states: what was asked for, or what there is room for
  // On the device that computes, and of the machine's memory when that is the same.
  std::uint64_t needed_bytes() const {
    return weight_bytes + kv_bytes + compute_bytes + embedding_bytes + (cache_apart ? 0 : host_cache_bytes);
  }
  bool cache_apart = false;  // a GPU computes; the saved states are in the machine's memory

  // One line for a person: what was chosen, what it takes of what there is, and the flags that change it.
  std::string line;
  // Empty, or what the user should know about a wish that was granted.
  std::string warning;
};

// What was left to us gives way first: saved states, slots, context, and at last the context that embeds.
// What was asked for stays, or the plan fails. kInvalidArgument when a wish is out of range;
// kResourceExhausted, with the numbers, when it cannot fit.
base::Result<MemoryPlan> PlanMemory(const GgufSummary& model, const HostResources& host,
                                    const PlanRequest& request);

inline constexpr std::int32_t kMaxSlots = 256;  // of the model library
inline constexpr std::int32_t kMaxThreads = 512;

}  // namespace lares::backend::llama
