// SPDX-License-Identifier: Apache-2.0
//
// The answer to POST /v1/completions, whole or in chunks. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/token_event.h"
#include "http/openai/answer_parts.h"
#include "http/openai/generate_fields.h"

namespace lares::http::openai {

// top_logprobs as in the core request: -1 none, 0 the chosen tokens only.
std::string CompletionAnswer(const AnswerHead& head, std::span<const ChoiceText> choices,
                             const core::Usage& usage, int top_logprobs, const AnswerOptions& options);

// The chunks of a stream, each appended as one SSE event. Not thread safe.
class CompletionChunks {
 public:
  CompletionChunks(AnswerHead head, AnswerOptions options, int top_logprobs, std::size_t choices)
      : head_(std::move(head)), options_(options), top_logprobs_(top_logprobs), offsets_(choices) {}

  // `delta.choice` is the index in the answer.
  void AppendDelta(std::string& out, const core::Delta& delta, const core::Usage& usage);
  void AppendUsage(std::string& out, const core::Usage& usage) const;

 private:
  const AnswerHead head_;
  const AnswerOptions options_;
  const int top_logprobs_;
  std::vector<std::size_t> offsets_;  // bytes of text so far, per choice
};

}  // namespace lares::http::openai
