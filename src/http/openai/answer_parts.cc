// SPDX-License-Identifier: Apache-2.0
#include "http/openai/answer_parts.h"

#include <iterator>
#include <utility>

namespace lares::http::openai {
namespace {

void WriteProbability(JsonWriter& json, const core::TokenProbability& token) {
  json.Field("token", std::string_view(token.bytes));
  json.Field("logprob", static_cast<double>(token.logprob));
  json.Key("bytes").BeginArray();
  for (const char c : token.bytes) json.Integer(static_cast<unsigned char>(c));
  json.EndArray();
}

}  // namespace

void WriteHead(JsonWriter& json, const AnswerHead& head, std::string_view object) {
  json.Field("id", std::string_view(head.id)).Field("object", object).Field("created", head.created);
  json.Field("model", std::string_view(head.model))
      .Field("system_fingerprint", std::string_view(head.fingerprint));
}

void WriteUsage(JsonWriter& json, const core::Usage& usage) {
  json.BeginObject()
      .Field("prompt_tokens", usage.prompt_tokens)
      .Field("completion_tokens", usage.completion_tokens)
      .Field("total_tokens", usage.prompt_tokens + usage.completion_tokens);
  json.Key("prompt_tokens_details").BeginObject().Field("cached_tokens", usage.cached_tokens).EndObject();
  json.EndObject();
}

void WriteFinish(JsonWriter& json, const std::optional<core::FinishReason>& finish) {
  if (!finish) {
    json.Null();
    return;
  }
  switch (*finish) {
    case core::FinishReason::kStop:
      json.String("stop");
      break;
    case core::FinishReason::kLength:
      json.String("length");
      break;
    case core::FinishReason::kToolCalls:
      json.String("tool_calls");
      break;
  }
}

void WriteChatLogprobs(JsonWriter& json, std::span<const core::TokenLogprob> logprobs) {
  json.BeginObject().Key("content").BeginArray();
  for (const core::TokenLogprob& token : logprobs) {
    json.BeginObject();
    WriteProbability(json, token.chosen);
    json.Key("top_logprobs").BeginArray();
    for (const core::TokenProbability& top : token.top) {
      json.BeginObject();
      WriteProbability(json, top);
      json.EndObject();
    }
    json.EndArray().EndObject();
  }
  json.EndArray().Key("refusal").Null().EndObject();
}

void WriteCompletionLogprobs(JsonWriter& json, std::span<const core::TokenLogprob> logprobs, bool with_top,
                             std::size_t& offset) {
  json.BeginObject().Key("tokens").BeginArray();
  for (const auto& token : logprobs) json.String(token.chosen.bytes);
  json.EndArray().Key("token_logprobs").BeginArray();
  for (const auto& token : logprobs) json.Number(static_cast<double>(token.chosen.logprob));
  json.EndArray().Key("top_logprobs");
  if (with_top) {
    json.BeginArray();
    for (const auto& token : logprobs) {
      json.BeginObject();
      for (const auto& top : token.top) {
        std::string key;
        AppendJsonString(key, top.bytes);
        json.RawKey(key).Number(static_cast<double>(top.logprob));
      }
      json.EndObject();
    }
    json.EndArray();
  } else {
    json.Null();
  }
  json.Key("text_offset").BeginArray();
  for (const auto& token : logprobs) {
    json.Integer(static_cast<std::int64_t>(offset));
    offset += token.chosen.bytes.size();
  }
  json.EndArray().EndObject();
}

void WriteTokenIds(JsonWriter& json, std::span<const core::TokenId> ids) {
  json.BeginArray();
  for (const core::TokenId id : ids) json.Integer(id);
  json.EndArray();
}

std::size_t BytesOf(const core::Delta& delta) {
  std::size_t bytes = delta.text.size() + delta.reasoning.size() + delta.ids.size() * sizeof(core::TokenId);
  for (const core::ToolCallDelta& call : delta.tool_calls) bytes += call.name.size() + call.arguments.size();
  for (const core::TokenLogprob& token : delta.logprobs) {
    // Pieces of text are short: the strings hold them without memory of their own.
    bytes += sizeof token + token.top.size() * sizeof(core::TokenProbability);
  }
  return bytes;
}

void ChoiceText::Add(core::Delta delta) {
  text += delta.text;
  reasoning += delta.reasoning;
  for (core::ToolCallDelta& part : delta.tool_calls) {
    const auto index = static_cast<std::size_t>(part.index);
    if (index >= tool_calls.size()) tool_calls.resize(index + 1);
    core::ToolCallDelta& call = tool_calls[index];
    call.index = part.index;
    if (!part.id.empty()) call.id = std::move(part.id);
    if (!part.name.empty()) call.name = std::move(part.name);
    call.arguments += part.arguments;
  }
  std::move(delta.logprobs.begin(), delta.logprobs.end(), std::back_inserter(logprobs));
  ids.insert(ids.end(), delta.ids.begin(), delta.ids.end());
  if (delta.finish) finish = delta.finish;
}

}  // namespace lares::http::openai
