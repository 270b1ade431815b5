// SPDX-License-Identifier: Apache-2.0
//
// The pieces that chat and completion answers share. Written straight to text: a stream has a chunk per
// token. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/token_event.h"
#include "http/openai/json_writer.h"

namespace lares::http::openai {

// What stands at the head of an answer and of each of its chunks.
struct AnswerHead {
  std::string id;            // "chatcmpl-..."
  std::int64_t created = 0;  // Unix time
  std::string model;
  std::string fingerprint;
};

void WriteHead(JsonWriter& json, const AnswerHead& head, std::string_view object);
void WriteUsage(JsonWriter& json, const core::Usage& usage);
void WriteFinish(JsonWriter& json, const std::optional<core::FinishReason>& finish);
// {"content":[{"token","logprob","bytes","top_logprobs"}],"refusal":null}
void WriteChatLogprobs(JsonWriter& json, std::span<const core::TokenLogprob> logprobs);
// {"tokens":[],"token_logprobs":[],"top_logprobs":[],"text_offset":[]}; `offset` counts the text's bytes
// before the first of them and is moved on.
void WriteCompletionLogprobs(JsonWriter& json, std::span<const core::TokenLogprob> logprobs, bool with_top,
                             std::size_t& offset);
void WriteTokenIds(JsonWriter& json, std::span<const core::TokenId> ids);

// "data: " + what `write` writes + two newlines.
template <class Write>
void AppendEvent(std::string& out, const Write& write) {
  out += "data: ";
  JsonWriter json(out);
  write(json);
  out += "\n\n";
}
inline constexpr std::string_view kDoneEvent = "data: [DONE]\n\n";
inline constexpr std::string_view kHeartbeat = ": keep-alive\n\n";

// What a delta takes in memory, about.
std::size_t BytesOf(const core::Delta& delta);

// One choice of an answer that is told whole, as it grows.
struct ChoiceText {
  std::string text;
  std::string reasoning;
  std::vector<core::ToolCallDelta> tool_calls;  // whole: arguments joined
  std::vector<core::TokenLogprob> logprobs;
  std::vector<core::TokenId> ids;
  std::optional<core::FinishReason> finish;

  void Add(core::Delta delta);
};

}  // namespace lares::http::openai
