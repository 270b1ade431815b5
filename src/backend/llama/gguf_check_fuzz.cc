// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <span>

#include "backend/llama/byte_source.h"
#include "backend/llama/gguf_check.h"

// Any bytes give a summary or an error with a sentence; nothing is read outside, nothing large is allocated.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const lares::backend::llama::MemorySource source(std::span(data, size));
  const auto summary = lares::backend::llama::CheckGguf(source);
  if (!summary && summary.error().message().empty()) __builtin_trap();
  return 0;
}
