// SPDX-License-Identifier: Apache-2.0
//
// Percentiles. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace lares::cli {

// The value below which `percent` of the values lie, interpolated between neighbours (the definition numpy
// and spreadsheets use by default). Nothing without values. `sorted` ascends and may end in infinities.
std::optional<double> Percentile(std::span<const double> sorted, double percent);

// A figure is infinite when its rank falls on a value that never came.
struct Distribution {
  std::size_t count = 0;    // values that came
  std::size_t missing = 0;  // values that should have come: each counts as infinite
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
  double max = 0;
  double mean = 0;
};

// In the unit of the values; count and missing 0 without any.
Distribution Summarise(std::vector<double> values, std::size_t missing = 0);

}  // namespace lares::cli
