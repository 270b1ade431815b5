// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "backend/llama/answer_grammar.h"
#include "backend/llama/schema_check.h"

// What the check lets through must become a grammar or an error, never an exception, a crash or a hang.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lares;
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const auto rigour : {backend::llama::SchemaRigour::kExact, backend::llama::SchemaRigour::kBounded}) {
    const auto checked = backend::llama::CheckSchema(text, "schema", rigour);
    if (!checked && checked.error().param().empty()) __builtin_trap();
  }
  (void)backend::llama::MakeAnswerGrammar({.kind = core::ResponseFormat::Kind::kJsonSchema, .text = text});
  return 0;
}
