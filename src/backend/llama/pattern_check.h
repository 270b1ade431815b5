// SPDX-License-Identifier: Apache-2.0
//
// Which regular expressions of a schema a grammar can hold: anchored, groups, classes, repetitions; no
// look-around, no back references, no class escapes. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lares::backend::llama {

// Empty when it can be held, else what stands in the way. `max_repeat` bounds every {n,m}.
std::string WhyPatternFails(std::string_view pattern, std::int64_t max_repeat);

}  // namespace lares::backend::llama
