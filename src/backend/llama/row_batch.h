// SPDX-License-Identifier: Apache-2.0
//
// Rows as the library wants them: parallel arrays, reused from call to call so that a step allocates nothing.
// One thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <llama.h>

#include "backend/backend.h"

namespace lares::backend::llama {

class RowBatch {
 public:
  explicit RowBatch(std::size_t capacity);

  // Points into this object and is valid until the next call. At most `capacity` rows.
  llama_batch Fill(std::span<const Row> rows);

 private:
  std::vector<llama_token> tokens_;
  std::vector<llama_pos> positions_;
  std::vector<std::int32_t> counts_;  // always 1: a row belongs to one sequence
  std::vector<llama_seq_id> slots_;
  std::vector<llama_seq_id*> slot_refs_;
  std::vector<std::int8_t> wants_;
};

}  // namespace lares::backend::llama
