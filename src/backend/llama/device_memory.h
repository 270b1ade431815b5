// SPDX-License-Identifier: Apache-2.0
//
// The GPUs that the model library can use, and their memory. Asking starts their driver, which stays in this
// process. Includes nothing of the library.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lares::backend::llama {

struct DeviceMemory {
  std::string name;
  std::uint64_t free = 0;  // bytes
  std::uint64_t total = 0;
};

// Empty on a machine without a GPU, and in a build without support for them.
std::vector<DeviceMemory> ReadDeviceMemory();

}  // namespace lares::backend::llama
