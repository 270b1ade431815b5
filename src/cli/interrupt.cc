// SPDX-License-Identifier: Apache-2.0
#include "cli/interrupt.h"

#include <atomic>

namespace lares::cli {
namespace {

std::atomic<int> g_interrupts{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may touch it");

void Count(int) { g_interrupts.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

InterruptGuard::InterruptGuard() {
  g_interrupts = 0;
  struct sigaction action{};
  action.sa_handler = &Count;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, &before_);
}

InterruptGuard::~InterruptGuard() { ::sigaction(SIGINT, &before_, nullptr); }

bool InterruptGuard::Interrupted() { return g_interrupts.load(std::memory_order_relaxed) > 0; }

}  // namespace lares::cli
