// SPDX-License-Identifier: Apache-2.0
//
// The fake model's KV cache: which token stands at which position of which slot, with a hash over everything
// up to there. Two slots have the same hash at a position exactly when their contents agree up to it, so a
// prefix from the wrong slot, a lost row or a row too much shows in every token that follows. Breaking the
// contract of Backend (positions out of order, a slot that should be empty) ends the process.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/backend.h"

namespace lares::backend {

class FakeMemory {
 public:
  struct Cell {
    core::TokenId token = 0;
    std::int32_t answer_from = -1;  // where the prompt ended, as far as known when this cell was written
    std::uint64_t hash = 0;         // of all tokens up to and including this one
  };

  FakeMemory(std::int32_t slots, std::int32_t slot_cells, std::int32_t total_cells);

  static std::uint64_t Extend(std::uint64_t hash, core::TokenId token);
  static std::uint64_t HashOf(std::span<const core::TokenId> tokens);

  bool HasRoom(std::size_t cells) const;
  // `position` must be the slot's size; there must be room. Returns the new cell.
  Cell& Append(std::int32_t slot, std::int32_t position, core::TokenId token);
  void Truncate(std::int32_t slot, std::int32_t position);
  base::Status Copy(std::int32_t from, std::int32_t to, std::int32_t position);
  SavedState Save(std::int32_t slot) const;
  base::Status Restore(std::int32_t slot, const SavedState& state);
  // From now on the slot's content cannot be trusted: any use but Truncate(slot, 0) ends the process.
  void Spoil(std::int32_t slot);

  std::span<const Cell> Contents(std::int32_t slot) const;
  std::int32_t used_cells() const { return used_; }

 private:
  struct Slot {
    std::vector<Cell> cells;
    bool spoilt = false;
  };
  Slot& At(std::int32_t slot);
  const Slot& At(std::int32_t slot) const;

  const std::int32_t slot_cells_, total_cells_;
  std::vector<Slot> slots_;
  std::int32_t used_ = 0;
};

}  // namespace lares::backend
