// SPDX-License-Identifier: Apache-2.0
//
// One answer being written: samples the next token and turns it into what a client may see (whole
// characters, no stop string, reasoning and tool calls apart). Its whole state follows from the request and
// the ids so far: Replay rebuilds it after a preemption, a crash or a move. Used by one thread at a time.
//
// A parser reads the whole text again each time, so it is asked after every token only while the text is
// short (kReadEach); from then on when the text has grown by one part in kReadGrowth. So reading an answer
// costs a constant number of looks at each of its bytes, whatever its length.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "base/error.h"
#include "core/token_event.h"
#include "engine/local/answer_parts.h"
#include "sampling/sampler.h"
#include "sampling/stop_matcher.h"
#include "sampling/utf8_assembler.h"

namespace lares::engine {

struct ChoiceOptions {
  std::string request;  // id
  std::int32_t index = 0;
  std::int32_t max_new = 1;  // counts from the answer's beginning, replayed ids included
  std::vector<std::string> stop;
  std::vector<core::TokenId> visible_specials;  // control tokens whose text the parser wants
  std::shared_ptr<const backend::AnswerParser> parser;
  sampling::SamplerOptions sampler;
  std::vector<core::TokenId> prompt_tail;  // for the repeat penalty
};

class Choice {
 public:
  Choice(const backend::Backend& backend, ChoiceOptions options,
         std::unique_ptr<sampling::Constraint> constraint);

  static constexpr std::size_t kReadEach = 4096;  // bytes
  static constexpr std::size_t kReadGrowth = 128;

  // Takes ids that a client already has: same state as if they had been sampled here, nothing to send.
  void Replay(std::span<const core::TokenId> ids);

  struct Advance {
    core::TokenId token = 0;
    core::Delta delta;                 // finish is set on the last
    std::optional<base::Error> error;  // the grammar gave up: no token, no more answer
  };
  // Samples one token from `logits`. Not after it finished.
  Advance Next(std::span<const float> logits);

  bool constrained() const { return constrained_; }  // its tokens cost milliseconds instead of microseconds
  std::int32_t produced() const { return produced_; }
  bool finished() const { return finish_.has_value(); }
  std::optional<core::FinishReason> finish() const { return finish_; }

 private:
  void Take(core::TokenId token, core::Delta& delta);
  void Finish(core::FinishReason reason, core::Delta& delta);
  void Append(std::string_view text, core::Delta& delta);
  bool WorthReading() const;
  bool Visible(core::TokenId token) const;
  void Describe(const sampling::Draw& draw, core::Delta& delta) const;

  const backend::Backend& backend_;
  const ChoiceOptions options_;
  const bool constrained_;
  sampling::Sampler sampler_;
  sampling::Utf8Assembler utf8_;
  sampling::StopMatcher stop_;
  AnswerParts parts_;
  std::string text_;      // everything past the stop matcher, kept only for a parser
  std::size_t read_ = 0;  // its size when the parser last saw it
  std::int32_t produced_ = 0;
  std::optional<core::FinishReason> finish_;
};

}  // namespace lares::engine
