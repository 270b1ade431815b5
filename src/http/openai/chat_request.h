// SPDX-License-Identifier: Apache-2.0
//
// The body of POST /v1/chat/completions. Pure.
#pragma once

#include <string_view>

#include "base/error.h"
#include "core/generate_request.h"
#include "http/openai/generate_fields.h"

namespace lares::http::openai {

struct ChatRequest {
  core::GenerateRequest request;  // id and principal are the caller's to set
  AnswerOptions answer;
};

// Every error names its field. Members that OpenAI's API knows and that change nothing here (user, metadata,
// store, service_tier, reasoning_effort, cache_prompt, ...) and unknown ones are passed over.
base::Result<ChatRequest> ParseChatRequest(std::string_view body);

// The messages, tools and template arguments of `body`, for whoever needs the prompt only (/tokenize).
core::ChatPrompt ReadChatPrompt(Fields& body);

}  // namespace lares::http::openai
