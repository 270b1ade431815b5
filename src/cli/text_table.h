// SPDX-License-Identifier: Apache-2.0
//
// Columns of text that line up. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lares::cli {

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> heads) : rows_{std::move(heads)} {}
  // As many cells as there are heads.
  void Add(std::vector<std::string> cells);
  // Each row on a line of its own; cells that look like numbers stand to the right.
  std::string Text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "98.4 MB": powers of 1000, as disks and downloads count.
std::string SizeText(double bytes);

// Characters, not bytes; wide ones (CJK) count twice.
std::size_t DisplayWidth(std::string_view text);

}  // namespace lares::cli
