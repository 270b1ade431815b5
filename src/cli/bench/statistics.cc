// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/statistics.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace lares::cli {

std::optional<double> Percentile(std::span<const double> sorted, double percent) {
  if (sorted.empty()) return {};
  const double at = static_cast<double>(sorted.size() - 1) * std::clamp(percent, 0.0, 100.0) / 100;
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = at - static_cast<double>(below);
  // Infinity times zero, and infinity less infinity, are no numbers.
  if (part == 0 || sorted[below] == sorted[above]) return sorted[below];
  return sorted[below] + (sorted[above] - sorted[below]) * part;
}

Distribution Summarise(std::vector<double> values, std::size_t missing) {
  Distribution d;
  d.count = values.size();
  d.missing = missing;
  values.resize(values.size() + missing, std::numeric_limits<double>::infinity());
  if (values.empty()) return d;
  std::ranges::sort(values);
  d.p50 = *Percentile(values, 50);
  d.p95 = *Percentile(values, 95);
  d.p99 = *Percentile(values, 99);
  d.max = values.back();
  d.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  return d;
}

}  // namespace lares::cli
