// SPDX-License-Identifier: Apache-2.0
#include "scheduler/symbol_list.h"

#include <algorithm>
#include <utility>

namespace lares::scheduler {

SymbolList::SymbolList(std::vector<core::Symbol> symbols) : symbols_(std::move(symbols)) {
  for (std::size_t i = 0; i < symbols_.size(); ++i) Note(i);
}

void SymbolList::Append(core::Symbol symbol) {
  symbols_.push_back(symbol);
  Note(symbols_.size() - 1);
}

void SymbolList::Note(std::size_t index) {
  const core::Symbol& symbol = symbols_[index];
  if (symbol.rows == 1 && symbol.positions == 1) return;
  Mark mark = marks_.empty() ? Mark{} : marks_.back();
  mark.index = index;
  mark.extra_rows += symbol.rows - 1;
  mark.extra_positions += symbol.positions - 1;
  marks_.push_back(mark);
}

const SymbolList::Mark* SymbolList::LastMarkBelow(std::size_t index) const {
  if (marks_.empty() || marks_.front().index >= index) return nullptr;
  const auto after = std::ranges::partition_point(marks_, [&](const Mark& m) { return m.index < index; });
  return &*std::prev(after);
}

std::int64_t SymbolList::RowsBefore(std::size_t index) const {
  const Mark* mark = LastMarkBelow(index);
  return static_cast<std::int64_t>(index) + (mark ? mark->extra_rows : 0);
}

std::int32_t SymbolList::PositionsBefore(std::size_t index) const {
  const Mark* mark = LastMarkBelow(index);
  return static_cast<std::int32_t>(static_cast<std::int64_t>(index) + (mark ? mark->extra_positions : 0));
}

std::size_t SymbolList::CountWithin(std::size_t first, std::int64_t rows) const {
  if (rows <= 0) return 0;
  const std::size_t left = size() - first;
  const std::size_t most = std::min(left, static_cast<std::size_t>(rows));
  if (marks_.empty()) return most;
  const std::int64_t start = RowsBefore(first);
  std::size_t low = 0;
  std::size_t high = most;
  while (low < high) {
    const std::size_t middle = (low + high + 1) / 2;
    if (RowsBefore(first + middle) - start <= rows) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

}  // namespace lares::scheduler
