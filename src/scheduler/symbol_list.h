// SPDX-License-Identifier: Apache-2.0
//
// The symbols of one sequence with three measures of the same place: index, KV cells (rows) and position.
// For plain text all three are equal and cost nothing to keep; only media are recorded. Not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/symbol.h"

namespace lares::scheduler {

class SymbolList {
 public:
  SymbolList() = default;
  explicit SymbolList(std::vector<core::Symbol> symbols);

  void Append(core::Symbol symbol);

  std::size_t size() const { return symbols_.size(); }
  const core::Symbol& operator[](std::size_t i) const { return symbols_[i]; }
  std::span<const core::Symbol> First(std::size_t count) const { return Range(0, count); }
  std::span<const core::Symbol> Range(std::size_t first, std::size_t count) const {
    return std::span(symbols_).subspan(first, count);
  }

  // Sums over the symbols below `index`.
  std::int64_t RowsBefore(std::size_t index) const;
  std::int32_t PositionsBefore(std::size_t index) const;

  std::int64_t rows() const { return RowsBefore(size()); }

  // How many symbols from `first` on fill at most `rows` cells.
  std::size_t CountWithin(std::size_t first, std::int64_t rows) const;

 private:
  // A symbol that is not one row and one position; the sums include it and all such before it.
  struct Mark {
    std::size_t index = 0;
    std::int64_t extra_rows = 0;
    std::int64_t extra_positions = 0;
  };
  void Note(std::size_t index);
  const Mark* LastMarkBelow(std::size_t index) const;

  std::vector<core::Symbol> symbols_;
  std::vector<Mark> marks_;
};

}  // namespace lares::scheduler
