// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic over a whole vocabulary: maximum, exponentials, sums. Vectorised by hand, because a row has
// up to 152,000 logits and is read for every token of every answer. NaN counts as -infinity. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace lares::sampling {

// The largest value; -infinity when there is none.
float MaxOf(std::span<const float> x);

// Index of the largest value, the lowest one among equals; nothing when all are -infinity.
std::optional<std::size_t> ArgMax(std::span<const float> x);

// Exponentials of one row, kept for reuse. `values[i] = exp((x[i] - max) * scale)` with a relative error of
// at most 3e-7; exactly 0 for -infinity and below e^-87. `blocks[b]` sums values [b * kBlock, (b+1) *
// kBlock), so that a draw need not walk them all. `values` may be longer than the row.
struct Weights {
  static constexpr std::size_t kBlock = 512;
  std::vector<float> values;
  std::vector<double> blocks;
  double total = 0;
};

// `max` is the row's maximum and finite, `scale` positive.
void Exponentiate(std::span<const float> x, float max, float scale, Weights& out);

// log(sum of exp(x[i])); -infinity when all are.
double LogSumExp(std::span<const float> x);

}  // namespace lares::sampling
