// SPDX-License-Identifier: Apache-2.0
//
// Lengths of prompts and answers. As text:
//
//     128                          always
//     64..512                      each equally likely
//     lognormal:180,0.6            median and sigma of the logarithm
//     lognormal:180,0.6,64..512    the same; what lies outside becomes the bound
//
// Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "cli/bench/random.h"

namespace lares::cli {

class LengthDistribution {
 public:
  static constexpr std::int64_t kMost = 1 << 24;

  static base::Result<LengthDistribution> Parse(std::string_view text);

  std::int32_t Draw(Random& random) const;

 private:
  enum class Kind { kUniform, kLogNormal };
  Kind kind_ = Kind::kUniform;  // a fixed length is a range of one
  std::int64_t least_ = 1;
  std::int64_t most_ = kMost;
  double median_ = 1;
  double sigma_ = 0;
};

}  // namespace lares::cli
