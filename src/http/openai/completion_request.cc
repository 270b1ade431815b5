// SPDX-License-Identifier: Apache-2.0
#include "http/openai/completion_request.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace lares::http::openai {
namespace {

std::optional<core::TokenPrompt> ReadTokens(const Json& array) {
  core::TokenPrompt prompt;
  prompt.tokens.reserve(array.size());
  for (const Json& value : array) {
    const auto token = AsInteger(value);
    if (!token || *token < 0 || *token > std::numeric_limits<core::TokenId>::max()) return std::nullopt;
    prompt.tokens.push_back(static_cast<core::TokenId>(*token));
  }
  if (prompt.tokens.empty()) return std::nullopt;
  return prompt;
}

std::optional<core::Prompt> ReadPrompt(const Json& value, bool add_special) {
  if (value.is_string())
    return core::TextPrompt{.text = value.get<std::string>(), .add_special = add_special};
  if (!value.is_array()) return std::nullopt;
  auto tokens = ReadTokens(value);
  if (!tokens) return std::nullopt;
  return core::Prompt(std::move(*tokens));
}

// OpenAI's completions count log probabilities from 0: N alternatives beside the chosen token.
void ReadLogprobs(Fields& body, core::GenerateRequest& request) {
  if (const auto top = body.Integer("logprobs", 0, core::kMaxTopLogprobs)) {
    request.top_logprobs = static_cast<std::int32_t>(*top);
  } else {
    ReadProbabilityCount(body, request);
  }
}

void ReadOddities(Fields& body, const core::GenerateRequest& request, CompletionRequest& completion) {
  if (const auto best = body.Integer("best_of", 1, core::kMaxChoices); best && *best != request.choices) {
    body.Fail("best_of", "'best_of' other than 'n' is not supported", "unsupported_parameter");
  }
  if (const auto suffix = body.String("suffix"); suffix && !suffix->empty()) {
    body.Fail("suffix", "'suffix' is not supported", "unsupported_parameter");
  }
  completion.echo = body.Bool("echo").value_or(false);
  if (completion.echo && request.top_logprobs >= 0) {
    body.Fail(
        "echo",
        "'echo' together with 'logprobs' is not supported: there are no log probabilities of the prompt",
        "unsupported_parameter");
  }
}

void CheckEcho(Fields& body, const CompletionRequest& completion) {
  if (!completion.echo) return;
  std::size_t bytes = 0;
  for (const core::GenerateRequest& request : completion.requests) {
    const auto* prompt = std::get_if<core::TextPrompt>(&request.prompt);
    if (prompt == nullptr) {
      return body.Fail("echo", "'echo' needs prompts of text, not of tokens", "unsupported_parameter");
    }
    bytes += prompt->text.size() * static_cast<std::size_t>(request.choices);
  }
  if (bytes > kMaxEchoBytes) {
    body.Fail("echo", "'echo' would put " + std::to_string(bytes) +
                          " bytes of prompts before the choices, at most " + std::to_string(kMaxEchoBytes) +
                          " are allowed");
  }
}

}  // namespace

std::vector<core::Prompt> ReadPrompts(Fields& body, const char* name, std::size_t max_count,
                                      bool add_special) {
  std::vector<core::Prompt> prompts;
  const Json* value = body.Any(name);
  if (value == nullptr) {
    body.Fail(name, "'" + std::string(name) + "' is missing", "missing_parameter");
    return prompts;
  }
  const auto bad = [&](const std::string& where) {
    body.Fail(where,
              "'" + where +
                  "' must be a string, an array of strings, a non-empty array of tokens, or an "
                  "array of such arrays",
              "invalid_type");
  };
  const bool list = value->is_array() && !value->empty() && !value->front().is_number();
  if (!list) {
    auto prompt = ReadPrompt(*value, add_special);
    if (!prompt) {
      bad(name);
    } else {
      prompts.push_back(std::move(*prompt));
    }
    return prompts;
  }
  if (value->size() > max_count) {
    body.Fail(name, "'" + std::string(name) + "' may have at most " + std::to_string(max_count) +
                        " entries, got " + std::to_string(value->size()));
    return prompts;
  }
  for (std::size_t i = 0; i < value->size() && body.ok(); ++i) {
    auto prompt = ReadPrompt((*value)[i], add_special);
    if (!prompt) {
      bad(std::string(name) + "[" + std::to_string(i) + "]");
    } else {
      prompts.push_back(std::move(*prompt));
    }
  }
  return prompts;
}

base::Result<CompletionRequest> ParseCompletionRequest(std::string_view body) {
  const auto json = ParseJsonObject(body);
  if (!json) return base::Fail(json.error());
  base::Status status;
  Fields fields(*json, "", status);
  CompletionRequest completion;
  core::GenerateRequest request;
  request.parse_output = false;
  ReadCommon(fields, request, completion.answer);
  if (!request.max_tokens && !fields.Has("n_predict")) request.max_tokens = kDefaultCompletionTokens;
  ReadLogprobs(fields, request);
  ReadOddities(fields, request, completion);
  const bool add_special = fields.Bool("add_special_tokens").value_or(true);
  auto prompts = ReadPrompts(fields, "prompt", kMaxPrompts, add_special);
  // The request is copied for each prompt: not before all that can be wrong with it has been looked at.
  if (!status) return base::Fail(std::move(status.error()));
  for (core::Prompt& prompt : prompts) {
    // A prompt is the client's from end to end: who writes a template out by hand means its special tokens.
    if (auto* text = std::get_if<core::TextPrompt>(&prompt)) text->parse_special = true;
    completion.requests.push_back(request);
    completion.requests.back().prompt = std::move(prompt);
  }
  CheckEcho(fields, completion);
  if (!status) return base::Fail(std::move(status.error()));
  return completion;
}

}  // namespace lares::http::openai
