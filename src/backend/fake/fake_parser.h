// SPDX-License-Identifier: Apache-2.0
//
// What the fake model's answers mean: <think>...</think> is reasoning, <tool_call>{"name": ..., "arguments":
// {...}}</tool_call> a tool call, the rest content. While an answer is partial, an end that may begin a tag
// is held back, and what is given out only ever grows. Stateless, thread safe.
#pragma once

#include "backend/backend.h"

namespace lares::backend {

class FakeParser final : public AnswerParser {
 public:
  // Without `tools` a <tool_call> is content.
  explicit FakeParser(bool tools) : tools_(tools) {}

  // Never fails. A tool call without a readable name is content once its end has come.
  base::Result<ParsedAnswer> Parse(std::string_view text, bool partial) const override;

 private:
  const bool tools_;
};

}  // namespace lares::backend
