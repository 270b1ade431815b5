// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/row_batch.h"

#include "base/check.h"

namespace lares::backend::llama {

RowBatch::RowBatch(std::size_t capacity)
    : tokens_(capacity),
      positions_(capacity),
      counts_(capacity, 1),
      slots_(capacity),
      slot_refs_(capacity),
      wants_(capacity) {
  for (std::size_t i = 0; i < capacity; ++i) slot_refs_[i] = &slots_[i];
}

llama_batch RowBatch::Fill(std::span<const Row> rows) {
  LARES_CHECK(rows.size() <= tokens_.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    tokens_[i] = rows[i].token;
    positions_[i] = rows[i].position;
    slots_[i] = rows[i].slot;
    wants_[i] = rows[i].wants_logits ? 1 : 0;
  }
  llama_batch batch{};
  batch.n_tokens = static_cast<std::int32_t>(rows.size());
  batch.token = tokens_.data();
  batch.pos = positions_.data();
  batch.n_seq_id = counts_.data();
  batch.seq_id = slot_refs_.data();
  batch.logits = wants_.data();
  return batch;
}

}  // namespace lares::backend::llama
