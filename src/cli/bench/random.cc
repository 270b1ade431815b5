// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/random.h"

#include <cmath>
#include <numbers>

#include "base/check.h"

namespace lares::cli {
namespace {

// splitmix64: spreads small seeds over all bits.
std::uint64_t Mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31U);
}

}  // namespace

Random::Random(std::uint64_t seed, std::uint64_t stream) : generator_(Mix(Mix(seed) ^ stream)) {}

double Random::Uniform() { return static_cast<double>(generator_() >> 11U) * 0x1p-53; }

std::uint64_t Random::Below(std::uint64_t bound) {
  LARES_CHECK(bound > 0);
  // The bias is below 2^-32 for the bounds used here (words, sentences, lengths).
  return generator_() % bound;
}

double Random::Exponential() { return -std::log1p(-Uniform()); }

double Random::Normal() {
  const double radius = std::sqrt(2 * Exponential());
  return radius * std::cos(2 * std::numbers::pi * Uniform());
}

}  // namespace lares::cli
