// SPDX-License-Identifier: Apache-2.0
//
// The CPU time of the calling thread. Unlike the wall clock it does not count the time that other processes
// took: a bound on it is a bound on work.
#pragma once

#include <chrono>
#include <ctime>

namespace lares::backend::llama {

inline std::chrono::nanoseconds ThreadCpuTime() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace lares::backend::llama
