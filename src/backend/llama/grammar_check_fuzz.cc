// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>

#include <llama.h>

#include "backend/llama/grammar_check.h"
#include "backend/llama/handles.h"

// The check must end, and what it lets through the library must be able to build: it prints what it cannot
// read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lares::backend::llama;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto checked = CheckGrammar(text);
  if (!checked) {
    if (checked.error().message().empty()) __builtin_trap();
    return 0;
  }
  const SamplerPtr sampler(llama_sampler_init_grammar(nullptr, text.c_str(), "root"));
  if (!sampler) __builtin_trap();
  return 0;
}
