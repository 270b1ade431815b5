// SPDX-License-Identifier: Apache-2.0
//
// What a newly parsed answer adds to what was already sent. A parser reads the whole text again after each
// token; a client gets only the growth. Pure.
#pragma once

#include <string>
#include <vector>

#include "backend/backend.h"
#include "core/token_event.h"

namespace lares::engine {

class AnswerParts {
 public:
  // `id_seed` makes the ids of tool calls, the same ones again in a replay.
  explicit AnswerParts(std::string id_seed) : id_seed_(std::move(id_seed)) {}

  // Adds to `delta` what `parsed` has beyond what was sent before, whole characters only. A parser may take
  // text back while an answer is partial (a tag that turns out to be one); what was sent stays sent, growth
  // is counted from the common beginning.
  void Grow(const backend::ParsedAnswer& parsed, core::Delta& delta);
  bool has_tool_calls() const { return !calls_.empty(); }

 private:
  struct SentCall {
    std::string id;
    std::string arguments;
  };

  const std::string id_seed_;
  // What was sent, as it was last read.
  std::string content_;
  std::string reasoning_;
  std::vector<SentCall> calls_;
};

}  // namespace lares::engine
