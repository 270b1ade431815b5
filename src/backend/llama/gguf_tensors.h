// SPDX-License-Identifier: Apache-2.0
//
// The list of tensors of a GGUF file: dimensions, forms, sizes and places, all against the file's length.
#pragma once

#include <cstdint>
#include <string>

#include "backend/llama/gguf_cursor.h"

namespace lares::backend::llama {

struct GgufTensors {
  std::uint64_t count = 0;
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;
  std::string main_form;   // of most of the bytes, e.g. "q8_0"
  bool quantised = false;  // main_form is no floating point format
  bool has_head = false;   // one that classifies or scores a whole text
};

inline constexpr std::uint64_t kMaxGgufTensors = 16384;

// `alignment` is a power of two. Look at cursor.ok() afterwards.
GgufTensors ReadGgufTensors(GgufCursor& cursor, std::uint64_t count, std::uint64_t alignment);

}  // namespace lares::backend::llama
