// SPDX-License-Identifier: Apache-2.0
//
// What the GPUs have free. A driver asked for that takes memory and starts threads of its own, so that
// another process asks it: this program once more, as `lares devices`.
#pragma once

#include <cstdint>

namespace lares::app {

// Bytes, over all GPUs that the model library can use; 0 when there is none, or nobody could tell. Blocking,
// for seconds where there is a driver.
std::uint64_t AskForGpuMemory();

// That process: prints one line for each device, "FREE TOTAL NAME" with bytes. The exit code.
int DevicesCommand();

}  // namespace lares::app
