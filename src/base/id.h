// SPDX-License-Identifier: Apache-2.0
//
// Random identifiers and seeds from the kernel's generator (getrandom). Thread safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lares::base {

// `prefix` followed by 24 random characters of [0-9a-z], e.g. "chatcmpl-4f0k...".
std::string RandomId(std::string_view prefix);
std::uint64_t RandomSeed();

}  // namespace lares::base
