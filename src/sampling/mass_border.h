// SPDX-License-Identifier: Apache-2.0
//
// Where to cut a row of tokens so that what is kept has a given share of the probability, taking tokens in
// order of their distance from a centre: the best ones first (top-p), or the least surprising (typical).
// Finds the border without sorting the row. Reusable, owns its buffers; not thread safe. Pure.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "sampling/softmax.h"

namespace lares::sampling {

// How far a logit lies from `centre`, which lies below `max`.
struct Distance {
  float max = 0.0F;
  float centre = 0.0F;
  float operator()(float logit) const { return std::abs((max - logit) - centre); }
};

// The last one that is kept: everything nearer is kept, too, and what is as near with a lower index.
struct Border {
  float distance = 0.0F;
  std::size_t index = 0;
  bool Keeps(float d, std::size_t i) const { return (d < distance) | ((d == distance) & (i <= index)); }
};

class BorderFinder {
 public:
  // Weights are the exponentials of `logits`; those of weight 0 do not count. `mass` is the wanted sum of
  // weights, at most all of them.
  Border Find(std::span<const float> logits, const Weights& weights, Distance distance, double mass);

 private:
  struct Entry {
    float distance;
    std::uint32_t index;
    auto operator<=>(const Entry&) const = default;
  };

  void AddUp(std::span<const float> logits, const Weights& weights, Distance distance);
  void Collect(std::span<const float> logits, const Weights& weights, Distance distance, float from,
               float to);

  std::vector<double> mass_;           // per bucket of distance
  std::vector<std::uint32_t> inside_;  // indices in the bucket that is sorted
  std::vector<Entry> border_;          // the same with their distances
};

}  // namespace lares::sampling
