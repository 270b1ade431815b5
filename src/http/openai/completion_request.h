// SPDX-License-Identifier: Apache-2.0
//
// The body of POST /v1/completions. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "core/generate_request.h"
#include "http/openai/generate_fields.h"

namespace lares::http::openai {

inline constexpr std::size_t kMaxPrompts = 64;
inline constexpr std::size_t kMaxEchoBytes = 4 * 1024 * 1024;  // of prompts, over all choices
inline constexpr std::int32_t kDefaultCompletionTokens = 16;   // OpenAI's, when max_tokens is absent

struct CompletionRequest {
  // One per prompt, in order; ids and principal are the caller's to set. Choice c of prompt p has the index
  // p * n + c in the answer.
  std::vector<core::GenerateRequest> requests;
  AnswerOptions answer;
  bool echo = false;  // the answer's text begins with the prompt's
};

// `prompt` is a string, an array of strings, an array of tokens, or an array of such arrays.
base::Result<CompletionRequest> ParseCompletionRequest(std::string_view body);

// The prompts under `name`, as they stand in completions and embeddings.
std::vector<core::Prompt> ReadPrompts(Fields& body, const char* name, std::size_t max_count,
                                      bool add_special);

}  // namespace lares::http::openai
