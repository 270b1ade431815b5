// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

#include <array>

#include <sys/random.h>

#include "base/check.h"

namespace lares::base {
namespace {

void Fill(void* out, std::size_t size) {
  // Up to 256 bytes getrandom is never cut short once the pool is seeded (getrandom(2)).
  LARES_CHECK(getrandom(out, size, 0) == static_cast<ssize_t>(size));
}

}  // namespace

std::string RandomId(std::string_view prefix) {
  static constexpr std::string_view kAlphabet = "0123456789abcdefghijklmnopqrstuv";  // 32: no bias
  std::array<unsigned char, 24> bytes;
  Fill(bytes.data(), bytes.size());
  std::string id(prefix);
  for (const unsigned char b : bytes) id += kAlphabet[b & 31U];
  return id;
}

std::uint64_t RandomSeed() {
  std::uint64_t seed = 0;
  Fill(&seed, sizeof seed);
  return seed;
}

}  // namespace lares::base
