// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/kv_type.h"

#include <array>
#include <string>

#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

constexpr std::array kKvTypes = {GGML_TYPE_F32,  GGML_TYPE_F16,  GGML_TYPE_BF16, GGML_TYPE_Q8_0,
                                 GGML_TYPE_Q5_1, GGML_TYPE_Q5_0, GGML_TYPE_Q4_1, GGML_TYPE_Q4_0};

}  // namespace

base::Result<ggml_type> KvType(std::string_view name) {
  std::string known;
  for (const ggml_type type : kKvTypes) {
    if (name == ggml_type_name(type)) return type;
    known += known.empty() ? "" : ", ";
    known += ggml_type_name(type);
  }
  return base::Fail(base::Code::kInvalidArgument,
                    Sentence("'", name, "' is no form of a KV cache; known are ", known));
}

double KvValueBytes(ggml_type type) {
  return static_cast<double>(ggml_type_size(type)) / static_cast<double>(ggml_blck_size(type));
}

}  // namespace lares::backend::llama
