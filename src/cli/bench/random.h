// SPDX-License-Identifier: Apache-2.0
//
// Random numbers that are the same everywhere for the same seed: the standard library's distributions differ
// between implementations, its generators do not. Pure, not thread safe.
#pragma once

#include <cstdint>
#include <random>

namespace lares::cli {

class Random {
 public:
  // Streams of one seed do not depend on each other: more prompts do not move the arrivals.
  Random(std::uint64_t seed, std::uint64_t stream);

  double Uniform();                          // [0, 1)
  std::uint64_t Below(std::uint64_t bound);  // [0, bound), bound > 0
  double Exponential();                      // mean 1
  double Normal();                           // mean 0, deviation 1

 private:
  std::mt19937_64 generator_;
};

}  // namespace lares::cli
