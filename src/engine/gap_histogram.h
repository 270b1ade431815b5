// SPDX-License-Identifier: Apache-2.0
//
// Gaps between tokens of one request in constant space: geometric buckets 10 % apart from 0.1 ms to about
// 120 s, so a quantile is right within 10 %. Not thread safe.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"

namespace lares::engine {

class GapHistogram {
 public:
  void Add(base::Duration gap);
  base::Duration Quantile(double q) const;  // zero when empty
  base::Duration worst() const { return worst_; }

 private:
  static constexpr std::size_t kBuckets = 148;
  std::array<std::uint32_t, kBuckets> counts_{};
  std::uint32_t total_ = 0;
  base::Duration worst_{};
};

}  // namespace lares::engine
