// SPDX-License-Identifier: Apache-2.0
//
// Random numbers by counter instead of by state: the number is a function of where it is used. A replay of an
// answer, here or in another process, draws the same numbers without any generator to save. Philox4x32-10 of
// Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). Pure, thread safe.
#pragma once

#include <array>
#include <cstdint>

namespace lares::sampling {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

// Four independent 32-bit numbers for one counter.
PhiloxCounter Philox4x32(PhiloxCounter counter, PhiloxKey key);

// Uniform in [0, 1), with 53 random bits. `position` is the token's index in the answer; `draw` tells several
// numbers for the same token apart.
double Uniform(std::uint64_t seed, std::int32_t choice, std::uint64_t position, std::uint32_t draw);

}  // namespace lares::sampling
