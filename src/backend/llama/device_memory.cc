// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/device_memory.h"

#include <ggml-backend.h>
#include <llama.h>

namespace lares::backend::llama {

std::vector<DeviceMemory> ReadDeviceMemory() {
  std::vector<DeviceMemory> devices;
  if (!llama_supports_gpu_offload()) return devices;
  for (std::size_t i = 0; i < ggml_backend_dev_count(); ++i) {
    ggml_backend_dev_t device = ggml_backend_dev_get(i);
    if (ggml_backend_dev_type(device) != GGML_BACKEND_DEVICE_TYPE_GPU) continue;
    std::size_t free = 0;
    std::size_t total = 0;
    ggml_backend_dev_memory(device, &free, &total);
    devices.push_back({.name = ggml_backend_dev_description(device), .free = free, .total = total});
  }
  return devices;
}

}  // namespace lares::backend::llama
