// SPDX-License-Identifier: Apache-2.0
//
// What the terminal can do.
#pragma once

namespace lares::cli {

struct Terminal {
  bool input = false;    // standard input is a terminal
  bool output = false;   // standard output is one
  bool errors = false;   // standard error is one
  bool colours = false;  // on standard output; off with NO_COLOR and on dumb terminals

  static Terminal OfThisProcess();
};

}  // namespace lares::cli
