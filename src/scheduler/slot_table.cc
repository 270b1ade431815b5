// SPDX-License-Identifier: Apache-2.0
#include "scheduler/slot_table.h"

#include "base/check.h"

namespace lares::scheduler {

SlotTable::SlotTable(std::int32_t slots, std::int64_t total_cells)
    : slots_(static_cast<std::size_t>(slots)), total_(total_cells), idle_(slots) {
  LARES_CHECK(slots > 0);
}

void SlotTable::SetCells(Slot& slot, std::int64_t cells) {
  (slot.holder ? used_ : cached_) += cells - slot.cells;
  slot.cells = cells;
}

void SlotTable::Take(std::int32_t index, Job* job) {
  Slot& slot = at(index);
  LARES_CHECK(slot.holder == nullptr);
  slot.holder = job;
  used_ += slot.cells;
  cached_ -= slot.cells;
  --idle_;
  Touch(index);
}

void SlotTable::Release(std::int32_t index) {
  Slot& slot = at(index);
  LARES_CHECK(slot.holder != nullptr);
  slot.holder = nullptr;
  used_ -= slot.cells;
  cached_ += slot.cells;
  ++idle_;
  Touch(index);
}

void SlotTable::Clear(std::int32_t index) {
  Slot& slot = at(index);
  if (slot.length > 0) contents_.Remove(EntryOf(index));
  slot.length = 0;
  slot.confirmed = true;
  SetCells(slot, 0);
}

void SlotTable::Truncate(std::int32_t index, const SymbolList& symbols, std::size_t length) {
  if (length == 0) return Clear(index);
  Slot& slot = at(index);
  LARES_CHECK(length <= slot.length);
  contents_.Truncate(EntryOf(index), length);
  slot.length = length;
  SetCells(slot, symbols.RowsBefore(length));
}

void SlotTable::Fill(std::int32_t index, std::uint64_t salt, const SymbolList& symbols, std::size_t length) {
  Slot& slot = at(index);
  LARES_CHECK(slot.length == 0);
  if (length == 0) return;
  contents_.Insert(EntryOf(index), salt, symbols.First(length));
  slot.salt = salt;
  slot.length = length;
  SetCells(slot, symbols.RowsBefore(length));
}

void SlotTable::ExtendTo(std::int32_t index, std::size_t length) {
  Slot& slot = at(index);
  LARES_CHECK(slot.holder != nullptr && length >= slot.length);
  if (length == slot.length) return;
  const SymbolList& symbols = slot.holder->symbols;
  if (slot.length == 0) return Fill(index, slot.holder->salt, symbols, length);
  contents_.Extend(EntryOf(index), symbols.Range(slot.length, length - slot.length));
  slot.length = length;
  SetCells(slot, symbols.RowsBefore(length));
}

std::vector<core::Symbol> SlotTable::SymbolsOf(std::int32_t slot) const {
  if (empty(slot)) return {};
  return contents_.SymbolsOf(EntryOf(slot));
}

void SlotTable::CheckInvariants() const {
  std::int64_t used = 0;
  std::int64_t cached = 0;
  std::int32_t idle = 0;
  std::size_t filled = 0;
  for (std::int32_t i = 0; i < count(); ++i) {
    const Slot& slot = at(i);
    (slot.holder ? used : cached) += slot.cells;
    idle += slot.holder ? 0 : 1;
    filled += slot.length > 0 ? 1 : 0;
    LARES_CHECK(contents_.Contains(EntryOf(i)) == (slot.length > 0));
    if (slot.length == 0) {
      LARES_CHECK(slot.cells == 0);
      continue;
    }
    const SymbolList content(contents_.SymbolsOf(EntryOf(i)));
    LARES_CHECK(content.size() == slot.length);
    LARES_CHECK(content.rows() == slot.cells);
  }
  LARES_CHECK(used == used_ && cached == cached_ && idle == idle_);
  LARES_CHECK(filled == contents_.size());
  LARES_CHECK(cells_free() >= 0);
  contents_.CheckInvariants();
}

}  // namespace lares::scheduler
