// SPDX-License-Identifier: Apache-2.0
//
// Names of the forms a KV cache can have. Pure.
#pragma once

#include <string_view>

#include <ggml.h>

#include "base/error.h"

namespace lares::backend::llama {

// "f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0". kInvalidArgument lists them.
base::Result<ggml_type> KvType(std::string_view name);

// Bytes of one number, on average: 2 for f16, 1.0625 for q8_0.
double KvValueBytes(ggml_type type);

}  // namespace lares::backend::llama
