// SPDX-License-Identifier: Apache-2.0
//
// What the terminal can do, and what may be shown on it.
#pragma once

#include <string>
#include <string_view>

namespace lares::cli {

struct Terminal {
  bool input = false;    // standard input is a terminal
  bool output = false;   // standard output is one
  bool errors = false;   // standard error is one
  bool colours = false;  // on standard output; off with NO_COLOR and on dumb terminals

  static Terminal OfThisProcess();
};

// Model output on a terminal: control characters (which could move the cursor, set titles, or worse) are
// dropped, except line breaks and tabs. Works on pieces: an escape sequence loses its ESC and stays harmless.
std::string ForTerminal(std::string_view text);

}  // namespace lares::cli
