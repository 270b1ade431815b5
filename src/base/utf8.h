// SPDX-License-Identifier: Apache-2.0
//
// UTF-8 (RFC 3629): no surrogates, no overlong forms, nothing above U+10FFFF. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lares::base {

// Index of the first byte that cannot be part of valid UTF-8, or npos. A sequence cut off by the end of
// the text counts as invalid.
std::size_t FindInvalidUtf8(std::string_view text);
inline bool IsValidUtf8(std::string_view text) { return FindInvalidUtf8(text) == std::string_view::npos; }

// Number of bytes (0..3) at the end that start a character whose rest has not come yet.
std::size_t IncompleteUtf8Tail(std::string_view text);

// Each maximal invalid part becomes U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view text);

}  // namespace lares::base
