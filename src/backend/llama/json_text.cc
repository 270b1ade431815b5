// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/json_text.h"

#include "backend/llama/sentence.h"

namespace lares::backend::llama {

base::Status CheckJsonText(std::string_view text, std::size_t max_bytes, std::size_t max_depth) {
  if (text.size() > max_bytes) {
    return base::Fail(base::Code::kInvalidArgument,
                      Sentence("it has ", text.size(), " bytes; at most ", max_bytes, " are allowed"));
  }
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_depth) {
        return base::Fail(base::Code::kInvalidArgument,
                          Sentence("it is nested more than ", max_depth, " levels deep"));
      }
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return {};
}

}  // namespace lares::backend::llama
