// SPDX-License-Identifier: Apache-2.0
//
// Reads calls in the form of tools_as_text.h out of an answer. Pure; thread safe.
#pragma once

#include <memory>

#include "backend/backend.h"

namespace lares::backend::llama {

// `content` reads what stands outside of calls (reasoning, markers of the template); null: as it is.
std::shared_ptr<const AnswerParser> MakeToolTextParser(std::shared_ptr<const AnswerParser> content);

}  // namespace lares::backend::llama
