// SPDX-License-Identifier: Apache-2.0
#include "sampling/random.h"

namespace lares::sampling {
namespace {

constexpr int kRounds = 10;
constexpr std::uint32_t kMultiplier0 = 0xD2511F53U, kMultiplier1 = 0xCD9E8D57U;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9U, kWeyl1 = 0xBB67AE85U;

PhiloxCounter Round(const PhiloxCounter& c, const PhiloxKey& k) {
  const std::uint64_t product0 = std::uint64_t{kMultiplier0} * c[0];
  const std::uint64_t product1 = std::uint64_t{kMultiplier1} * c[2];
  const auto high = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32U); };
  const auto low = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  return {high(product1) ^ c[1] ^ k[0], low(product1), high(product0) ^ c[3] ^ k[1], low(product0)};
}

}  // namespace

PhiloxCounter Philox4x32(PhiloxCounter counter, PhiloxKey key) {
  for (int round = 0; round < kRounds; ++round) {
    counter = Round(counter, key);
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

double Uniform(std::uint64_t seed, std::int32_t choice, std::uint64_t position, std::uint32_t draw) {
  const PhiloxCounter block =
      Philox4x32({static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(position >> 32U),
                  static_cast<std::uint32_t>(choice), draw},
                 {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)});
  const std::uint64_t bits = (std::uint64_t{block[0]} << 32U | block[1]) >> 11U;
  return static_cast<double>(bits) * 0x1.0p-53;
}

}  // namespace lares::sampling
