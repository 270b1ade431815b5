// SPDX-License-Identifier: Apache-2.0
//
// Tools for models whose template knows none: described in the system message, called by a tag with JSON in
// it. The form is the most common one of open models, so that a model may have seen it. Pure.
#pragma once

#include <string_view>

#include "core/prompt.h"

namespace lares::backend::llama {

inline constexpr std::string_view kToolCallOpen = "<tool_call>";
inline constexpr std::string_view kToolCallClose = "</tool_call>";

// `prompt` with its tools, calls and results as plain text.
core::ChatPrompt WithToolsAsText(core::ChatPrompt prompt);

}  // namespace lares::backend::llama
