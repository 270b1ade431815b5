// SPDX-License-Identifier: Apache-2.0
//
// What a checked GGUF file says about its model, in our words. Pure.
#pragma once

#include <string>

#include "backend/llama/gguf_check.h"
#include "backend/llama/gguf_metadata.h"
#include "backend/llama/gguf_tensors.h"

namespace lares::backend::llama {

// "Q8_0", "Q4_K_M": the form the file claims, else the one of most of its bytes.
std::string GgufForm(const GgufMetadata& metadata, const GgufTensors& tensors);

// Fills the fields that come from keys; summary.architecture is set, and the keys have passed gguf_keys.h.
void DescribeGgufModel(const GgufMetadata& metadata, const GgufTensors& tensors, GgufSummary& summary);

}  // namespace lares::backend::llama
