// SPDX-License-Identifier: Apache-2.0
//
// "Did you mean ...?" Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace lares::app {

// How many insertions, deletions, replacements and swaps of neighbours lead from `a` to `b`. Texts longer
// than 128 bytes count as infinitely far: nobody mistypes those.
std::size_t EditDistance(std::string_view a, std::string_view b);

// The candidate closest to `word`, or nothing when even that is too far to be meant.
std::optional<std::string_view> Nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace lares::app
