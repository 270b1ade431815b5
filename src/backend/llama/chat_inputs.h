// SPDX-License-Identifier: Apache-2.0
//
// A chat prompt in the words of `common`, checked: sizes, nesting, names, schemas. Thread safe.
#pragma once

#include <chat.h>

#include "base/error.h"
#include "core/generate_request.h"

namespace lares::backend::llama {

// Tools and their choice as they shall be offered: of a named tool only that one, required. Errors name the
// parameter, e.g. "messages[2].content[1]", "tools[0].function.parameters".
base::Result<common_chat_templates_inputs> MakeChatInputs(const core::ChatPrompt& prompt,
                                                          const core::ResponseFormat& format,
                                                          bool parse_output);

}  // namespace lares::backend::llama
