// SPDX-License-Identifier: Apache-2.0
#include "engine/gap_histogram.h"

#include <algorithm>
#include <cmath>

namespace lares::engine {
namespace {
constexpr double kFirstMs = 0.1;
constexpr double kRatio = 1.1;
}  // namespace

void GapHistogram::Add(base::Duration gap) {
  const double ms = std::max(base::Milliseconds(gap), kFirstMs);
  const auto bucket = static_cast<std::size_t>(std::log(ms / kFirstMs) / std::log(kRatio));
  ++counts_[std::min(bucket, kBuckets - 1)];
  ++total_;
  worst_ = std::max(worst_, gap);
}

base::Duration GapHistogram::Quantile(double q) const {
  if (total_ == 0) return {};
  const auto wanted = static_cast<std::uint32_t>(std::ceil(q * total_));
  std::uint32_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= wanted) {
      const double upper_ms = kFirstMs * std::pow(kRatio, static_cast<double>(i + 1));
      return std::min(worst_, base::FromSeconds(upper_ms / 1e3));
    }
  }
  return worst_;
}

}  // namespace lares::engine
