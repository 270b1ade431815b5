// SPDX-License-Identifier: Apache-2.0
//
// LARES_CHECK states an invariant of our own code. It stays on in release builds and ends the process with
// the place and the expression; it is never used on input (input gets an Error).
#pragma once

namespace lares::base {
[[noreturn]] void CheckFailed(const char* file, int line, const char* expression);
}  // namespace lares::base

#define LARES_CHECK(expression)                                    \
  do {                                                             \
    if (!(expression)) [[unlikely]]                                \
      ::lares::base::CheckFailed(__FILE__, __LINE__, #expression); \
  } while (false)
