// SPDX-License-Identifier: Apache-2.0
//
// Reads an answer by the rules that the template's rendering came with.
#pragma once

#include <memory>

#include "backend/backend.h"

struct common_chat_params;

namespace lares::backend::llama {

// `params` is what the rendering returned. Throws what common throws.
std::shared_ptr<const AnswerParser> MakeAnswerParser(const common_chat_params& params);

}  // namespace lares::backend::llama
