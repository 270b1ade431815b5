// SPDX-License-Identifier: Apache-2.0
//
// The answer to POST /v1/chat/completions, whole or in chunks. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/token_event.h"
#include "http/openai/answer_parts.h"
#include "http/openai/generate_fields.h"

namespace lares::http::openai {

// {"object":"chat.completion", ...}
std::string ChatAnswer(const AnswerHead& head, std::span<const ChoiceText> choices, const core::Usage& usage,
                       bool logprobs, const AnswerOptions& options);

// The chunks of a stream, each appended as one SSE event.
class ChatChunks {
 public:
  ChatChunks(AnswerHead head, AnswerOptions options, bool logprobs)
      : head_(std::move(head)), options_(options), logprobs_(logprobs) {}

  // The first chunk of a choice: its role.
  void AppendRole(std::string& out, std::int32_t choice) const;
  // Nothing when the delta has nothing a client would see. `usage` is told with continuous_usage.
  void AppendDelta(std::string& out, const core::Delta& delta, const core::Usage& usage) const;
  // With include_usage: the last chunk.
  void AppendUsage(std::string& out, const core::Usage& usage) const;

 private:
  void WriteTail(JsonWriter& json, const core::Usage* usage) const;

  const AnswerHead head_;
  const AnswerOptions options_;
  const bool logprobs_;
};

}  // namespace lares::http::openai
