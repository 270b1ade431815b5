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
// and spreadsheets use by default). Nothing without values. `sorted` ascends.
std::optional<double> Percentile(std::span<const double> sorted, double percent);

struct Distribution {
  std::size_t count = 0;
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
  double max = 0;
  double mean = 0;
};

// In the unit of the values; count 0 without any.
Distribution Summarise(std::vector<double> values);

}  // namespace lares::cli
