// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace lares::base {

void CheckFailed(const char* file, int line, const char* expression) {
  std::fprintf(stderr, "lares: %s:%d: invariant broken: %s\n", file, line, expression);
  std::abort();
}

}  // namespace lares::base
