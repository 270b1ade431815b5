// SPDX-License-Identifier: Apache-2.0
//
// The slots of the context: which job holds each, what its KV holds, how many cells that takes, and when it
// was last of use. Every change of content goes through here, so that cells and the prefix tree cannot drift
// apart: free + used + cached == total, where used belongs to jobs and cached to slots without one. It
// records what is so; the memory operations that make it so are the caller's. Not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "scheduler/job.h"
#include "scheduler/prefix_tree.h"
#include "scheduler/symbol_list.h"

namespace lares::scheduler {

class SlotTable {
 public:
  SlotTable(std::int32_t slots, std::int64_t total_cells);

  std::int32_t count() const { return static_cast<std::int32_t>(slots_.size()); }
  std::int32_t idle_count() const { return idle_; }

  Job* holder(std::int32_t slot) const { return at(slot).holder; }
  bool idle(std::int32_t slot) const { return at(slot).holder == nullptr; }
  bool empty(std::int32_t slot) const { return at(slot).length == 0; }
  std::size_t length(std::int32_t slot) const { return at(slot).length; }  // symbols
  std::int64_t cells(std::int32_t slot) const { return at(slot).cells; }
  std::uint64_t salt(std::int32_t slot) const { return at(slot).salt; }
  std::uint64_t last_use(std::int32_t slot) const { return at(slot).last_use; }
  // A state restored in the step that is being planned may turn out to be missing: nothing may build on it
  // yet.
  bool confirmed(std::int32_t slot) const { return at(slot).confirmed; }

  std::int64_t cells_total() const { return total_; }
  std::int64_t cells_used() const { return used_; }
  std::int64_t cells_cached() const { return cached_; }
  std::int64_t cells_free() const { return total_ - used_ - cached_; }

  // Job takes an idle slot with the content it has.
  void Take(std::int32_t slot, Job* job);
  void Release(std::int32_t slot);

  void Clear(std::int32_t slot);
  // `symbols` begins with what stays: the first `length` of them.
  void Truncate(std::int32_t slot, const SymbolList& symbols, std::size_t length);
  // The slot is empty and gets the first `length` of `symbols`.
  void Fill(std::int32_t slot, std::uint64_t salt, const SymbolList& symbols, std::size_t length);
  // The holder's symbols up to `length`.
  void ExtendTo(std::int32_t slot, std::size_t length);
  void Touch(std::int32_t slot) { at(slot).last_use = ++uses_; }
  void SetConfirmed(std::int32_t slot, bool confirmed) { at(slot).confirmed = confirmed; }

  // Entries are slot numbers.
  const PrefixTree& contents() const { return contents_; }
  std::vector<core::Symbol> SymbolsOf(std::int32_t slot) const;

  void CheckInvariants() const;

 private:
  struct Slot {
    Job* holder = nullptr;
    std::size_t length = 0;
    std::int64_t cells = 0;
    std::uint64_t salt = 0;
    std::uint64_t last_use = 0;
    bool confirmed = true;
  };
  static PrefixTree::Entry EntryOf(std::int32_t slot) { return static_cast<PrefixTree::Entry>(slot); }
  Slot& at(std::int32_t slot) { return slots_[static_cast<std::size_t>(slot)]; }
  const Slot& at(std::int32_t slot) const { return slots_[static_cast<std::size_t>(slot)]; }
  void SetCells(Slot& slot, std::int64_t cells);

  std::vector<Slot> slots_;
  PrefixTree contents_;
  const std::int64_t total_;
  std::int64_t used_ = 0;
  std::int64_t cached_ = 0;
  std::int32_t idle_ = 0;
  std::uint64_t uses_ = 0;
};

}  // namespace lares::scheduler
