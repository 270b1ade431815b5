// SPDX-License-Identifier: Apache-2.0
//
// How --help looks: two columns, wrapped to 100 characters. Keeps CLI11 out of the header.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lares::app {

inline constexpr std::size_t kHelpWidth = 100;
inline constexpr std::size_t kHelpColumn = 34;

// `left` at two blanks, `right` from kHelpColumn on, as many lines as it takes. Ends with a line break.
std::string HelpEntry(std::string_view left, std::string_view right);

}  // namespace lares::app
