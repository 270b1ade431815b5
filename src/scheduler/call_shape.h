// SPDX-License-Identifier: Apache-2.0
//
// What a call's duration depends on. A part is one sequence's share of the call; its depth is the position
// that its rows start from, plus half their number.
#pragma once

#include <cstdint>

namespace lares::scheduler {

struct CallShape {
  std::int32_t parts = 0;
  std::int64_t rows = 0;
  double depth = 0;       // sum over the parts
  double rows_depth = 0;  // sum over the parts of rows * depth

  void Add(std::int64_t part_rows, std::int64_t first_position) {
    const auto n = static_cast<double>(part_rows);
    const double at = static_cast<double>(first_position) + n / 2;
    ++parts;
    rows += part_rows;
    depth += at;
    rows_depth += n * at;
  }
};

}  // namespace lares::scheduler
