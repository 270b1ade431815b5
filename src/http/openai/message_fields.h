// SPDX-License-Identifier: Apache-2.0
//
// The "messages" of a chat request. Pure.
#pragma once

#include <vector>

#include "core/prompt.h"
#include "http/openai/fields.h"

namespace lares::http::openai {

// Roles system, developer (read as system), user, assistant, tool and the old function; content as a string
// or as parts. Errors go to the status of `body`.
std::vector<core::Message> ReadMessages(Fields& body);

}  // namespace lares::http::openai
