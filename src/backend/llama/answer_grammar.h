// SPDX-License-Identifier: Apache-2.0
//
// The grammar for an answer's format where no chat template has a say: plain completions, and grammars that
// the client wrote. Bounded; thread safe.
#pragma once

#include <optional>
#include <string>

#include "backend/backend.h"
#include "base/error.h"
#include "core/generate_request.h"

namespace lares::backend::llama {

// The checked JSON schema behind a format; empty for texts and grammars. Errors name the parameter at fault.
base::Result<std::string> AnswerSchema(const core::ResponseFormat& format);

// Empty for plain text.
base::Result<std::optional<Grammar>> MakeAnswerGrammar(const core::ResponseFormat& format);

}  // namespace lares::backend::llama
