// SPDX-License-Identifier: Apache-2.0
//
// What keys of a language model must look like: the model library ends the process, divides by zero or reads
// astray on several wrong ones. Pure.
#pragma once

#include <string>

#include "backend/llama/gguf_metadata.h"
#include "base/error.h"

namespace lares::backend::llama {

// Types of all keys with a fixed type, of every file.
base::Status CheckGgufKeyTypes(const GgufMetadata& metadata);

// Presence and range of what makes a language model; for the first (or only) part.
base::Status CheckGgufModelKeys(const GgufMetadata& metadata, const std::string& architecture);

}  // namespace lares::backend::llama
