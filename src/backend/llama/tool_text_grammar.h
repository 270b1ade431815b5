// SPDX-License-Identifier: Apache-2.0
//
// The grammar of calls in the form of tools_as_text.h.
#pragma once

#include <string>
#include <vector>

#include "backend/backend.h"
#include "base/error.h"
#include "core/prompt.h"

namespace lares::backend::llama {

// One tool with its arguments' schema, which has been checked.
struct TextTool {
  std::string name;
  std::string parameters;
};

// `lazy`: begins where the model opens a call; otherwise the answer is nothing but calls.
base::Result<Grammar> ToolTextGrammar(const std::vector<TextTool>& tools, bool parallel, bool lazy);

}  // namespace lares::backend::llama
