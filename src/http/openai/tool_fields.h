// SPDX-License-Identifier: Apache-2.0
//
// "tools", "tool_choice" and "parallel_tool_calls" of a chat request. Pure.
#pragma once

#include "core/prompt.h"
#include "http/openai/fields.h"

namespace lares::http::openai {

void ReadTools(Fields& body, core::ChatPrompt& chat);

}  // namespace lares::http::openai
