// SPDX-License-Identifier: Apache-2.0
//
// What the kernel says about a process from outside: Linux, /proc. Thread safe.
#pragma once

#include <optional>

#include <sys/types.h>

#include "base/clock.h"

namespace lares::worker {

struct ProcessState {
  // Since it began, of the thread that waited most: runnable, and no CPU was free. Zero where the kernel does
  // not count it (CONFIG_SCHED_INFO).
  base::Duration waited_for_cpu{};
  bool stopped = false;  // state T: SIGSTOP. Being traced (t) is no hang of its own
};

// Nothing when there is no such process any more.
std::optional<ProcessState> ProbeProcess(pid_t pid);

}  // namespace lares::worker
