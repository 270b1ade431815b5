// SPDX-License-Identifier: Apache-2.0
#include "sampling/mass_border.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace lares::sampling {
namespace {

// Distances fall into buckets of 1/16 (a factor of 1.06 in probability) up to 32; what lies beyond shares the
// last one. Only the bucket in which the wanted mass is reached is sorted.
constexpr float kBucketsPerUnit = 16.0F;
constexpr std::size_t kBuckets = 512;
constexpr std::size_t kSums = 4;

// Not a number and infinity fall into the last bucket.
std::size_t Bucket(float distance) {
  constexpr auto kLast = static_cast<float>(kBuckets - 1);
  const float scaled = distance * kBucketsPerUnit;
  return static_cast<std::size_t>(static_cast<std::int32_t>(scaled < kLast ? scaled : kLast));
}

}  // namespace

void BorderFinder::AddUp(std::span<const float> logits, const Weights& weights, Distance distance) {
  // Several sums per bucket, used in turn: neighbours often share a bucket, and adding to the same memory
  // again has to wait for the addition before.
  mass_.assign(kSums * kBuckets, 0.0);
  double* const mass = mass_.data();
  const float* const logit = logits.data();
  const float* const weight = weights.values.data();
  const std::size_t n = logits.size();
  for (std::size_t i = 0; i < n; ++i) {
    mass[kSums * Bucket(distance(logit[i])) + i % kSums] += static_cast<double>(weight[i]);
  }
}

void BorderFinder::Collect(std::span<const float> logits, const Weights& weights, Distance distance,
                           float from, float to) {
  const std::size_t n = logits.size();
  if (inside_.size() < n) inside_.resize(n);
  const float* const logit = logits.data();
  std::uint32_t* const inside = inside_.data();
  std::size_t count = 0;
  // Writes always and steps on for those inside: a branch would be guessed wrong too often.
  for (std::size_t i = 0; i < n; ++i) {
    const float d = distance(logit[i]);
    inside[count] = static_cast<std::uint32_t>(i);
    count += static_cast<std::size_t>(d >= from) & static_cast<std::size_t>(d < to);
  }
  border_.clear();
  for (const std::uint32_t i : std::span(inside_).first(count)) {
    if (weights.values[i] > 0) border_.push_back({distance(logit[i]), i});
  }
  std::ranges::sort(border_);
}

Border BorderFinder::Find(std::span<const float> logits, const Weights& weights, Distance distance,
                          double mass) {
  AddUp(logits, weights, distance);
  std::size_t bucket = 0;
  double nearer = 0;
  for (; bucket + 1 < kBuckets; ++bucket) {
    double here = 0;
    for (std::size_t sum = 0; sum < kSums; ++sum) here += mass_[kSums * bucket + sum];
    if (nearer + here >= mass) break;
    nearer += here;
  }
  const float from = static_cast<float>(bucket) / kBucketsPerUnit;
  const float to = bucket + 1 < kBuckets ? static_cast<float>(bucket + 1) / kBucketsPerUnit
                                         : std::numeric_limits<float>::infinity();
  Collect(logits, weights, distance, from, to);
  Border border{.distance = from, .index = 0};  // for an empty bucket: rounding took the mass of the last
  for (const Entry& entry : border_) {
    border = {.distance = entry.distance, .index = entry.index};
    nearer += static_cast<double>(weights.values[entry.index]);
    if (nearer >= mass) break;
  }
  return border;
}

}  // namespace lares::sampling
