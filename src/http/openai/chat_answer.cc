// SPDX-License-Identifier: Apache-2.0
#include "http/openai/chat_answer.h"

namespace lares::http::openai {
namespace {

constexpr std::string_view kChunkObject = "chat.completion.chunk";

void WriteToolCall(JsonWriter& json, const core::ToolCallDelta& call) {
  json.BeginObject()
      .Field("id", std::string_view(call.id))
      .Field("type", "function")
      .Key("function")
      .BeginObject();
  json.Field("name", std::string_view(call.name)).Field("arguments", std::string_view(call.arguments));
  json.EndObject().EndObject();
}

// The first part of a call has its id and name, later ones only arguments.
void WriteToolCallPart(JsonWriter& json, const core::ToolCallDelta& part) {
  json.BeginObject().Field("index", part.index);
  if (!part.id.empty()) json.Field("id", std::string_view(part.id)).Field("type", "function");
  json.Key("function").BeginObject();
  if (!part.name.empty()) json.Field("name", std::string_view(part.name));
  json.Field("arguments", std::string_view(part.arguments)).EndObject().EndObject();
}

void WriteMessage(JsonWriter& json, const ChoiceText& choice) {
  json.BeginObject().Field("role", "assistant").Key("content");
  // A call for tools without a word has no content, rather than an empty one.
  choice.text.empty() && !choice.tool_calls.empty() ? json.Null() : json.String(choice.text);
  json.Key("refusal").Null();
  if (!choice.reasoning.empty()) json.Field("reasoning_content", std::string_view(choice.reasoning));
  if (!choice.tool_calls.empty()) {
    json.Key("tool_calls").BeginArray();
    for (const core::ToolCallDelta& call : choice.tool_calls) WriteToolCall(json, call);
    json.EndArray();
  }
  json.EndObject();
}

}  // namespace

std::string ChatAnswer(const AnswerHead& head, std::span<const ChoiceText> choices, const core::Usage& usage,
                       bool logprobs, const AnswerOptions& options) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  WriteHead(json, head, "chat.completion");
  json.Key("choices").BeginArray();
  for (std::size_t i = 0; i < choices.size(); ++i) {
    json.BeginObject().Field("index", i).Key("message");
    WriteMessage(json, choices[i]);
    json.Key("logprobs");
    if (logprobs) {
      WriteChatLogprobs(json, choices[i].logprobs);
    } else {
      json.Null();
    }
    json.Key("finish_reason");
    WriteFinish(json, choices[i].finish);
    if (options.return_token_ids) {
      json.Key("token_ids");
      WriteTokenIds(json, choices[i].ids);
    }
    json.EndObject();
  }
  json.EndArray().Key("usage");
  WriteUsage(json, usage);
  json.EndObject();
  return out;
}

void ChatChunks::WriteTail(JsonWriter& json, const core::Usage* usage) const {
  if (!options_.include_usage && !options_.continuous_usage) return;
  json.Key("usage");
  if (usage == nullptr || !options_.continuous_usage) {
    json.Null();  // OpenAI's: null in every chunk but the last
  } else {
    WriteUsage(json, *usage);
  }
}

void ChatChunks::AppendRole(std::string& out, std::int32_t choice) const {
  AppendEvent(out, [&](JsonWriter& json) {
    json.BeginObject();
    WriteHead(json, head_, kChunkObject);
    json.Key("choices").BeginArray().BeginObject().Field("index", choice);
    json.Key("delta").BeginObject().Field("role", "assistant").Field("content", "").EndObject();
    json.Key("logprobs").Null().Key("finish_reason").Null().EndObject().EndArray();
    WriteTail(json, nullptr);
    json.EndObject();
  });
}

void ChatChunks::AppendDelta(std::string& out, const core::Delta& delta, const core::Usage& usage) const {
  const bool logprobs = logprobs_ && !delta.logprobs.empty();
  const bool ids = options_.return_token_ids && !delta.ids.empty();
  const bool silent = delta.text.empty() && delta.reasoning.empty() && delta.tool_calls.empty();
  if (silent && !logprobs && !ids && !delta.finish) return;
  AppendEvent(out, [&](JsonWriter& json) {
    json.BeginObject();
    WriteHead(json, head_, kChunkObject);
    json.Key("choices").BeginArray().BeginObject().Field("index", delta.choice).Key("delta").BeginObject();
    if (!delta.reasoning.empty()) json.Field("reasoning_content", std::string_view(delta.reasoning));
    if (!delta.text.empty()) json.Field("content", std::string_view(delta.text));
    if (!delta.tool_calls.empty()) {
      json.Key("tool_calls").BeginArray();
      for (const core::ToolCallDelta& part : delta.tool_calls) WriteToolCallPart(json, part);
      json.EndArray();
    }
    json.EndObject().Key("logprobs");
    if (logprobs) {
      WriteChatLogprobs(json, delta.logprobs);
    } else {
      json.Null();
    }
    json.Key("finish_reason");
    WriteFinish(json, delta.finish);
    if (ids) {
      json.Key("token_ids");
      WriteTokenIds(json, delta.ids);
    }
    json.EndObject().EndArray();
    WriteTail(json, &usage);
    json.EndObject();
  });
}

void ChatChunks::AppendUsage(std::string& out, const core::Usage& usage) const {
  if (!options_.include_usage) return;
  AppendEvent(out, [&](JsonWriter& json) {
    json.BeginObject();
    WriteHead(json, head_, kChunkObject);
    json.Key("choices").BeginArray().EndArray().Key("usage");
    WriteUsage(json, usage);
    json.EndObject();
  });
}

}  // namespace lares::http::openai
