// SPDX-License-Identifier: Apache-2.0
//
// Reads the weights of a file that gguf_check has passed. Blocking.
#pragma once

#include <functional>
#include <string>

#include "backend/llama/handles.h"
#include "base/error.h"

namespace lares::backend::llama {

// kCancelled when `progress` returned false; kInvalidArgument when the library refuses the file (its reason
// stands in the log).
base::Result<ModelPtr> ReadModel(const std::string& path, std::int32_t gpu_layers,
                                 const std::function<bool(float)>& progress);

}  // namespace lares::backend::llama
