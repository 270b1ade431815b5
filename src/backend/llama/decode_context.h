// SPDX-License-Identifier: Apache-2.0
//
// One llama_context for generation: separate KV streams, one per slot, and compute threads of its own.
// Computes rows, hands out logits, moves KV state. One thread at a time, except Logits after Run has
// returned.
//
// Every argument is checked here, because the library answers several mistakes with abort().
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/llama/handles.h"
#include "backend/llama/row_batch.h"
#include "base/error.h"

namespace lares::backend::llama {

struct ContextOptions {
  std::int32_t slots = 1;
  std::int32_t slot_cells = 0;    // padded up by the library; see slot_cells()
  std::int32_t max_rows = 2048;   // rows per Run
  std::int32_t chunk_rows = 512;  // rows the library computes at a time
  std::int32_t logit_rows = 0;    // rows of one Run that may want logits; 0: one per slot
  std::int32_t threads = 1;
  std::string kv_type = "f16";
  std::function<void()> alive;  // as in LoadOptions
};

class DecodeContext {
 public:
  // `model` must outlive the result. kResourceExhausted when the memory cannot be had.
  static base::Result<std::unique_ptr<DecodeContext>> Open(llama_model* model, const ContextOptions& options);

  base::Result<RunOutcome> Run(std::span<const Row> rows, const std::atomic<bool>& interrupt);
  std::span<const float> Logits(std::size_t row) const;
  base::Status Truncate(std::int32_t slot, std::int32_t position);
  base::Status Copy(std::int32_t from, std::int32_t to, std::int32_t position);
  base::Result<SavedState> Save(std::int32_t slot);
  base::Status Restore(std::int32_t slot, const SavedState& state);

  std::int32_t slot_cells() const { return slot_cells_; }
  std::int32_t logit_rows() const { return logit_rows_; }
  std::int32_t max_rows() const { return options_.max_rows; }
  bool can_truncate() const { return can_truncate_; }

 private:
  DecodeContext(llama_model* model, const ContextOptions& options, ThreadPoolPtr threads, ContextPtr context);

  static bool Aborted(void* self);
  base::Status CheckRows(std::span<const Row> rows) const;
  base::Status CheckSlot(std::int32_t slot) const;
  base::Result<RunOutcome> Finish(std::int32_t code, std::span<const Row> rows);
  base::Result<RunOutcome> AfterInterrupt(std::span<const Row> rows);
  std::uint8_t* CopyBuffer(std::size_t bytes);
  void ReadLogits(std::span<const Row> rows);
  std::int32_t Length(std::int32_t slot) const;

  ContextOptions options_;
  ThreadPoolPtr threads_;
  ContextPtr context_;
  llama_memory_t memory_;
  RowBatch batch_;
  std::int32_t vocabulary_;
  std::int32_t slot_cells_;
  std::int32_t logit_rows_;
  bool can_truncate_;
  std::span<const llama_token> suppressed_;       // tokens the file forbids to generate
  const std::atomic<bool>* interrupt_ = nullptr;  // of the Run in progress
  std::vector<float*> logits_;                    // by row of the last Run; null where not wanted
  std::unique_ptr<std::uint8_t[]> copy_buffer_;   // of copy_bytes_, not initialised
  std::size_t copy_bytes_ = 0;
};

}  // namespace lares::backend::llama
