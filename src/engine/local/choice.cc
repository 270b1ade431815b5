// SPDX-License-Identifier: Apache-2.0
#include "engine/local/choice.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace lares::engine {

Choice::Choice(const backend::Backend& backend, ChoiceOptions options,
               std::unique_ptr<sampling::Constraint> constraint)
    : backend_(backend),
      options_(std::move(options)),
      constrained_(constraint != nullptr),
      sampler_(options_.sampler, std::move(constraint), options_.prompt_tail),
      stop_(options_.stop),
      parts_(options_.request + '/' + std::to_string(options_.index)) {}

void Choice::Replay(std::span<const core::TokenId> ids) {
  core::Delta discarded;
  for (const core::TokenId id : ids) {
    if (finished()) return;
    Take(id, discarded);
  }
}

Choice::Advance Choice::Next(std::span<const float> logits) {
  LARES_CHECK(!finished());
  const sampling::Draw draw = sampler_.Sample(logits);
  Advance advance{.token = draw.token, .delta = {}, .error = {}};
  if (!sampler_.failure().empty()) {
    advance.error = base::Error(base::Code::kInvalidArgument, std::string(sampler_.failure()))
                        .WithReason("grammar_failed")
                        .WithParam("response_format");
    return advance;
  }
  advance.delta.request = options_.request;
  advance.delta.choice = options_.index;
  advance.delta.ids.push_back(draw.token);
  Describe(draw, advance.delta);
  Take(draw.token, advance.delta);
  return advance;
}

void Choice::Take(core::TokenId token, core::Delta& delta) {
  sampler_.Accept(token);
  ++produced_;
  if (backend_.EndsGeneration(token)) return Finish(core::FinishReason::kStop, delta);
  auto matched = stop_.Push(utf8_.Push(backend_.Piece(token, Visible(token))));
  Append(matched.text, delta);
  if (matched.stopped) return Finish(core::FinishReason::kStop, delta);
  if (produced_ >= options_.max_new) return Finish(core::FinishReason::kLength, delta);
}

void Choice::Finish(core::FinishReason reason, core::Delta& delta) {
  if (!stop_.stopped()) {
    // What was held back as the beginning of a stop string or of a character is text after all.
    auto rest = stop_.Push(utf8_.Flush());
    std::string held = rest.text;
    if (!rest.stopped) held += stop_.Flush();
    Append(held, delta);
  }
  if (options_.parser) {
    auto parsed = options_.parser->Parse(text_, false);
    if (!parsed) parsed = options_.parser->Parse(text_, true);  // cut off by length: what can be read of it
    if (!parsed) parsed = backend::ParsedAnswer{.content = text_, .reasoning = {}, .tool_calls = {}};
    parts_.Grow(*parsed, delta);
    if (parts_.has_tool_calls() && reason == core::FinishReason::kStop)
      reason = core::FinishReason::kToolCalls;
  }
  finish_ = reason;
  delta.finish = reason;
}

void Choice::Append(std::string_view text, core::Delta& delta) {
  if (text.empty()) return;
  if (!options_.parser) {
    delta.text += text;
    return;
  }
  text_ += text;
  if (!WorthReading()) return;
  read_ = text_.size();
  // A partial answer that cannot be parsed yet is no error: more text comes.
  if (auto parsed = options_.parser->Parse(text_, true)) parts_.Grow(*parsed, delta);
}

bool Choice::WorthReading() const {
  return text_.size() <= kReadEach || text_.size() - read_ >= text_.size() / kReadGrowth;
}

bool Choice::Visible(core::TokenId token) const {
  return std::ranges::find(options_.visible_specials, token) != options_.visible_specials.end();
}

void Choice::Describe(const sampling::Draw& draw, core::Delta& delta) const {
  if (!draw.logprobs) return;
  const auto describe = [&](const sampling::TokenChance& chance) {
    return core::TokenProbability{
        .id = chance.token, .bytes = backend_.Piece(chance.token, true), .logprob = chance.logprob};
  };
  core::TokenLogprob out{.chosen = describe(draw.logprobs->chosen), .top = {}};
  for (const sampling::TokenChance& chance : draw.logprobs->top) out.top.push_back(describe(chance));
  delta.logprobs.push_back(std::move(out));
}

}  // namespace lares::engine
