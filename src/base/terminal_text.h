// SPDX-License-Identifier: Apache-2.0
//
// Text of others (a model's answer, a file's template, a server's message) as it may be shown on a terminal.
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace lares::base {

// Control characters (which could move the cursor, set titles, or worse) are dropped, except line breaks and
// tabs; what is not UTF-8 becomes U+FFFD. Works on pieces of whole characters: an escape sequence loses its
// ESC and stays harmless.
std::string ForTerminal(std::string_view text);

}  // namespace lares::base
