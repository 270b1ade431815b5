// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C as something to ask about instead of something that ends the process. Process-wide: one guard at a
// time.
#pragma once

#include <csignal>

namespace lares::cli {

// While it lives, SIGINT is counted. System calls that wait return (EINTR).
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static bool Interrupted();

 private:
  struct sigaction before_{};
};

}  // namespace lares::cli
