// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/statistics.h"

#include <algorithm>
#include <numeric>

namespace lares::cli {

std::optional<double> Percentile(std::span<const double> sorted, double percent) {
  if (sorted.empty()) return {};
  const double at = static_cast<double>(sorted.size() - 1) * std::clamp(percent, 0.0, 100.0) / 100;
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - static_cast<double>(below));
}

Distribution Summarise(std::vector<double> values) {
  Distribution d;
  if (values.empty()) return d;
  std::ranges::sort(values);
  d.count = values.size();
  d.p50 = *Percentile(values, 50);
  d.p95 = *Percentile(values, 95);
  d.p99 = *Percentile(values, 99);
  d.max = values.back();
  d.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  return d;
}

}  // namespace lares::cli
