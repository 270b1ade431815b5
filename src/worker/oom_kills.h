// SPDX-License-Identifier: Apache-2.0
//
// How often the kernel has ended processes for want of memory, on the whole machine (proc(5), /proc/vmstat):
// a process that was killed while it grew may have been killed for that. Thread safe.
#pragma once

#include <cstdint>

namespace lares::worker {

// Zero where the kernel does not tell.
std::uint64_t OomKills();

}  // namespace lares::worker
