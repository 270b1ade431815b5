// SPDX-License-Identifier: Apache-2.0
#include "http/openai/tokenize.h"

#include <cstdint>
#include <limits>
#include <utility>

#include "base/utf8.h"
#include "http/openai/chat_request.h"
#include "http/openai/fields.h"
#include "http/openai/json_writer.h"

namespace lares::http::openai {
namespace {

constexpr std::size_t kMaxTokens = 400'000;

// Both read special tokens that stand in the text; llama-server adds none of its own unless asked, vLLM does.
core::TextPrompt ReadContent(Fields& fields) {
  core::TextPrompt prompt;
  prompt.text = fields.String("content").value_or("");
  prompt.add_special = fields.Bool("add_special").value_or(false);
  prompt.parse_special = fields.Bool("parse_special").value_or(true);
  return prompt;
}

core::TextPrompt ReadPrompt(Fields& fields) {
  core::TextPrompt prompt;
  prompt.text = fields.String("prompt").value_or("");
  prompt.add_special = fields.Bool("add_special_tokens").value_or(true);
  prompt.parse_special = true;
  return prompt;
}

}  // namespace

base::Result<TokenizeRequest> ParseTokenizeRequest(std::string_view body) {
  const auto json = ParseJsonObject(body);
  if (!json) return base::Fail(json.error());
  base::Status status;
  Fields fields(*json, "", status);
  TokenizeRequest request;
  request.model = fields.String("model").value_or("");
  const bool pieces = fields.Bool("with_pieces").value_or(false);
  request.with_pieces = pieces || fields.Bool("return_token_strs").value_or(false);
  if (fields.Has("messages")) {
    request.prompt = ReadChatPrompt(fields);
  } else if (fields.Has("content")) {
    request.prompt = ReadContent(fields);
  } else if (fields.Has("prompt")) {
    request.prompt = ReadPrompt(fields);
  } else {
    fields.Fail("content", "one of 'content', 'prompt' or 'messages' is needed", "missing_parameter");
  }
  if (!status) return base::Fail(std::move(status.error()));
  return request;
}

std::string TokenizeAnswer(const TokenizeAnswerParts& parts) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  if (!parts.count_only) {
    json.Key("tokens").BeginArray();
    for (std::size_t i = 0; i < parts.tokens.size(); ++i) {
      if (parts.pieces.empty()) {
        json.Integer(parts.tokens[i]);
        continue;
      }
      json.BeginObject().Field("id", parts.tokens[i]).Key("piece");
      const std::string& piece = parts.pieces[i];
      if (base::IsValidUtf8(piece)) {
        json.String(piece);
      } else {  // a part of a character: its bytes
        json.BeginArray();
        for (const char c : piece) json.Integer(static_cast<unsigned char>(c));
        json.EndArray();
      }
      json.EndObject();
    }
    json.EndArray();
  }
  json.Field("count", parts.count).Field("max_model_len", parts.max_model_len).EndObject();
  return out;
}

base::Result<DetokenizeRequest> ParseDetokenizeRequest(std::string_view body) {
  const auto json = ParseJsonObject(body);
  if (!json) return base::Fail(json.error());
  base::Status status;
  Fields fields(*json, "", status);
  DetokenizeRequest request;
  request.model = fields.String("model").value_or("");
  const Json* tokens = fields.Array("tokens");
  if (tokens == nullptr) {
    fields.Fail("tokens", "'tokens' is missing", "missing_parameter");
  } else if (tokens->size() > kMaxTokens) {
    fields.Fail("tokens", "'tokens' may have at most " + std::to_string(kMaxTokens) + " entries");
  } else {
    for (const Json& value : *tokens) {
      const auto token = AsInteger(value);
      if (!token || *token < 0 || *token > std::numeric_limits<core::TokenId>::max()) {
        fields.Fail("tokens", "'tokens' must hold token ids", "invalid_type");
        break;
      }
      request.tokens.push_back(static_cast<core::TokenId>(*token));
    }
  }
  if (!status) return base::Fail(std::move(status.error()));
  return request;
}

std::string DetokenizeAnswer(std::string_view text) {
  std::string out;
  JsonWriter(out).BeginObject().Field("content", text).Field("prompt", text).EndObject();
  return out;
}

}  // namespace lares::http::openai
