// SPDX-License-Identifier: Apache-2.0
//
// A model in memory behind backend::Backend: the only door into this folder, together with gguf_check.h,
// memory_plan.h, host_resources.h, device_memory.h and quantize.h. Includes nothing of the library.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "backend/backend.h"
#include "backend/llama/memory_plan.h"
#include "base/error.h"
#include "base/log.h"

namespace lares::backend::llama {

struct LoadOptions {
  std::string path;               // GGUF; of a split model the first part
  std::int32_t slots = 0;         // sequences at once; 0: chosen from the machine and the model
  std::int32_t slot_cells = 0;    // context per sequence in tokens; 0: chosen
  std::int32_t threads = 0;       // compute threads; 0: the CPUs this process may use
  std::int32_t max_rows = 2048;   // rows per Run
  std::int32_t chunk_rows = 512;  // rows the library computes at a time
  std::int32_t logit_rows = 0;    // rows of one Run that may want logits; 0: one per slot
  std::int32_t gpu_layers = -1;   // layers on the GPU; -1: as many as there are
  std::string kv_type = "f16";
  std::uint64_t host_cache_bytes = 0;  // for saved states, at most; Facts says what there is room for
  std::string chat_template;           // Jinja source that replaces the file's; empty: the file's
  // Called on the loading thread with 0..1, never going back. False ends the load with kCancelled.
  std::function<bool(float)> progress;
  // Called while a Run computes, after each operation of the model, by a thread that computes: it must return
  // at once. Null: nobody wants to know.
  std::function<void()> alive;
};

// What Load would do with so much memory free: how many requests at once, with how much context, and what it
// takes. With `memory_beside`, the first is a GPU's and that the machine's own. Blocking, for milliseconds.
// Errors as Load's.
base::Result<MemoryPlan> PlanLoad(const LoadOptions& options, std::uint64_t memory_free,
                                  std::uint64_t memory_beside = 0);

// Checks the file, plans the memory, loads. Blocking: seconds to minutes. `logger` must outlive the result.
// Errors are sentences for a person: kInvalidArgument and kDataLoss (the file), kNotFound, kResourceExhausted
// (memory), kCancelled (progress said so).
base::Result<std::unique_ptr<Backend>> Load(const LoadOptions& options, base::Logger& logger);

}  // namespace lares::backend::llama
