// SPDX-License-Identifier: Apache-2.0
//
// The fake model's chat template, ChatML written out by hand. What a client wrote never becomes a special
// token. Pure, thread safe.
#pragma once

#include <vector>

#include "base/error.h"
#include "core/prompt.h"

namespace lares::backend {

//   <|im_start|>ROLE\nTEXT<|im_end|>\n     for each message
//   <|im_start|>assistant\n                where the answer begins
// Tools come first, as a system message. kInvalidArgument for unknown roles and for images.
base::Result<std::vector<core::TokenId>> RenderFakeChat(const core::ChatPrompt& chat);

}  // namespace lares::backend
