// SPDX-License-Identifier: Apache-2.0
//
// A model's chat templates as `common` uses them, but guarded (template_guard.h): `common`'s own constructor
// would run a foreign template without bounds.
#pragma once

#include <string>

#include <chat.h>

#include "base/error.h"

namespace lares::backend::llama {

// From `override_source` when that is not empty, else from the file. A null pointer when neither has one.
// Runs the template a few times, to learn what it can. kInvalidArgument when it does not parse, or does not
// stay within bounds.
base::Result<common_chat_templates_ptr> MakeChatTemplates(const llama_model* model,
                                                          const std::string& override_source);

// What the template for requests with tools (or the only one) can.
const jinja::caps& ToolCapabilities(const common_chat_templates& templates);

}  // namespace lares::backend::llama
