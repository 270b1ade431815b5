// SPDX-License-Identifier: Apache-2.0
//
// An Error as OpenAI's clients read it: {"error":{"message","type","param","code"}}. Pure.
#pragma once

#include <string>

#include "base/error.h"

namespace lares::http::openai {

std::string ErrorBody(const base::Error& error);

// The "type" that goes with a code, e.g. "invalid_request_error".
const char* ErrorType(base::Code code);

}  // namespace lares::http::openai
