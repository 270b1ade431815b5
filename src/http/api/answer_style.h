// SPDX-License-Identifier: Apache-2.0
//
// How a generated answer is told: as a chat or as a text completion. The job (generate_job.h) knows when
// something is told, a style how.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/token_event.h"
#include "http/openai/answer_parts.h"

namespace lares::http::api {

class AnswerStyle {
 public:
  virtual ~AnswerStyle() = default;

  // What the client calls its prompt, for errors about it.
  virtual const char* PromptField() const = 0;
  // Called once, before anything else: now it is known which model answers.
  virtual void SetHead(openai::AnswerHead head) = 0;
  // Stream: what comes before a choice's first delta.
  virtual void AppendBegin(std::string& out, std::int32_t choice) = 0;
  virtual void AppendDelta(std::string& out, const core::Delta& delta, const core::Usage& so_far) = 0;
  virtual void AppendUsage(std::string& out, const core::Usage& usage) = 0;
  // Not a stream: the body. Called last, perhaps on another thread.
  virtual std::string Whole(std::span<const openai::ChoiceText> choices, const core::Usage& usage) = 0;
};

}  // namespace lares::http::api
