// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions of a schema, as far as a grammar can hold them: anchored; groups, alternatives, classes
// with
// \d \w \s, repetitions; no look-around, no back references, nothing that matches a quote, a backslash or a
// control character (in JSON they are written otherwise). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lares::backend::llama {

// Empty when it can be held, else what stands in the way. `max_repeat` bounds every {n,m}.
std::string WhyPatternFails(std::string_view pattern, std::int64_t max_repeat);

// The same in the grammar maker's narrower dialect, without the characters that JSON writes otherwise: "."
// and
// [^x] let no quote through, \d becomes [0-9]. Only for patterns that do not fail.
std::string JsonSafePattern(std::string_view pattern);

}  // namespace lares::backend::llama
