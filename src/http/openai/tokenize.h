// SPDX-License-Identifier: Apache-2.0
//
// POST /tokenize and /detokenize, in the forms of llama-server ("content") and of vLLM ("prompt",
// "messages"); answers carry the fields of both. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "core/prompt.h"

namespace lares::http::openai {

struct TokenizeRequest {
  std::string model;
  std::variant<core::TextPrompt, core::ChatPrompt> prompt;
  bool with_pieces = false;  // llama-server: {"id","piece"} instead of ids
};

base::Result<TokenizeRequest> ParseTokenizeRequest(std::string_view body);

// `pieces` is empty or has one entry per token. A chat has a count and no tokens.
struct TokenizeAnswerParts {
  std::span<const core::TokenId> tokens;
  std::span<const std::string> pieces;
  std::int32_t count = 0;
  std::int32_t max_model_len = 0;
  bool count_only = false;
};
std::string TokenizeAnswer(const TokenizeAnswerParts& parts);

struct DetokenizeRequest {
  std::string model;
  std::vector<core::TokenId> tokens;
};

base::Result<DetokenizeRequest> ParseDetokenizeRequest(std::string_view body);
std::string DetokenizeAnswer(std::string_view text);

}  // namespace lares::http::openai
