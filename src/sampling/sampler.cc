// SPDX-License-Identifier: Apache-2.0
#include "sampling/sampler.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "sampling/candidates.h"
#include "sampling/random.h"
#include "sampling/softmax.h"

namespace lares::sampling {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();
constexpr std::size_t kGuesses = 16;

bool Within(core::TokenId token, std::size_t size) {
  return token >= 0 && static_cast<std::size_t>(token) < size;
}

}  // namespace

// Buffers of the vocabulary's size. Per thread, because answers are many and sampling threads are few.
struct Sampler::Scratch {
  std::vector<float> row;
  std::vector<ScoredToken> top;
  Candidates candidates;
};

Sampler::Scratch& Sampler::ThreadScratch() {
  thread_local Scratch scratch;
  return scratch;
}

Sampler::Sampler(SamplerOptions options, std::unique_ptr<Constraint> constraint,
                 std::span<const core::TokenId> prompt_tail)
    : options_(std::move(options)),
      constraint_(std::move(constraint)),
      penalties_(options_.params, prompt_tail) {}

Draw Sampler::Sample(std::span<const float> logits) {
  Scratch& scratch = ThreadScratch();
  std::span<const float> row = logits;
  if (NeedsEdit()) {
    scratch.row.assign(logits.begin(), logits.end());
    Edit(scratch.row);
    row = scratch.row;
  }
  Draw draw;
  draw.token = constraint_ ? PickConstrained(row, scratch) : Pick(row, scratch).value_or(Last());
  if (options_.top_logprobs >= 0) draw.logprobs = Describe(logits, draw.token, scratch);
  return draw;
}

void Sampler::Accept(core::TokenId token) {
  ++accepted_;
  penalties_.Accept(token);
  const std::optional<core::TokenId> allowed = std::exchange(allowed_, std::nullopt);
  if (!constraint_ || dead_end_ || Ends(token)) return;
  if (allowed != token && !constraint_->Allows(token)) {
    dead_end_ = true;
    return;
  }
  constraint_->Accept(token);
}

bool Sampler::EndsForbidden() const {
  return options_.ignore_eos || accepted_ < static_cast<std::uint64_t>(std::max(options_.min_tokens, 0));
}

bool Sampler::NeedsEdit() const {
  return penalties_.active() || !options_.params.logit_bias.empty() ||
         (EndsForbidden() && !options_.end_tokens.empty());
}

void Sampler::Edit(std::span<float> logits) const {
  for (const auto& [token, bias] : options_.params.logit_bias) {
    if (Within(token, logits.size())) logits[static_cast<std::size_t>(token)] += bias;
  }
  penalties_.Apply(logits);
  if (!EndsForbidden()) return;
  for (const core::TokenId token : options_.end_tokens) {
    if (Within(token, logits.size())) logits[static_cast<std::size_t>(token)] = kForbidden;
  }
}

std::optional<core::TokenId> Sampler::Pick(std::span<const float> logits, Scratch& scratch) const {
  const core::SamplingParams& params = options_.params;
  if (!(params.temperature > 0)) {
    const auto best = ArgMax(logits);
    return best ? std::optional(static_cast<core::TokenId>(*best)) : std::nullopt;
  }
  Candidates& candidates = scratch.candidates;
  candidates.Reset(logits);
  if (params.top_k > 0) candidates.KeepTopK(static_cast<std::size_t>(params.top_k));
  if (params.typical_p < 1) candidates.KeepTypical(static_cast<double>(params.typical_p));
  if (params.top_p < 1) candidates.KeepTopP(static_cast<double>(params.top_p));
  if (params.min_p > 0) candidates.KeepMinP(static_cast<double>(params.min_p));
  const double uniform = Uniform(options_.seed, options_.choice, accepted_, 0);
  return candidates.Draw(static_cast<double>(params.temperature), uniform);
}

core::TokenId Sampler::PickConstrained(std::span<const float> logits, Scratch& scratch) {
  if (dead_end_) return Last();
  auto token = Pick(logits, scratch);
  if (token && !constraint_->Allows(*token)) {
    allowed_ = NextBestAllowed(logits, scratch);
    if (allowed_) return *allowed_;
    if (logits.data() != scratch.row.data()) scratch.row.assign(logits.begin(), logits.end());
    constraint_->Mask(scratch.row);
    token = Pick(scratch.row, scratch);
  }
  allowed_ = token;
  return token.value_or(Last());
}

// At temperature 0 the masked row's best is the first allowed token in the order of the logits, and it is
// often among the first: asking about a few is a thousand times cheaper than masking.
std::optional<core::TokenId> Sampler::NextBestAllowed(std::span<const float> logits, Scratch& scratch) {
  if (options_.params.temperature > 0) return std::nullopt;
  SelectTop(logits, kGuesses, scratch.top);
  std::ranges::sort(scratch.top, Better);
  for (const ScoredToken& guess : scratch.top) {
    if (constraint_->Allows(guess.token)) return guess.token;
  }
  return std::nullopt;
}

core::TokenId Sampler::Last() const { return options_.end_tokens.empty() ? 0 : options_.end_tokens.front(); }

bool Sampler::Ends(core::TokenId token) const {
  return std::ranges::find(options_.end_tokens, token) != options_.end_tokens.end();
}

Logprobs Sampler::Describe(std::span<const float> logits, core::TokenId chosen, Scratch& scratch) const {
  const double normaliser = LogSumExp(logits);
  const auto chance = [&](core::TokenId token) {
    const double logit = Within(token, logits.size())
                             ? static_cast<double>(logits[static_cast<std::size_t>(token)])
                             : static_cast<double>(kForbidden);
    const double logprob = logit - normaliser;
    // Written so that NaN (a NaN logit, or nothing but -infinity) is the least, too.
    const bool usable = logprob > static_cast<double>(kLeastLogprob);
    return TokenChance{token, usable ? static_cast<float>(std::min(logprob, 0.0)) : kLeastLogprob};
  };
  Logprobs out{.chosen = chance(chosen), .top = {}};
  if (options_.top_logprobs == 0) return out;
  SelectTop(logits, static_cast<std::size_t>(options_.top_logprobs), scratch.top);
  std::ranges::sort(scratch.top, Better);
  for (const ScoredToken& best : scratch.top) out.top.push_back(chance(best.token));
  return out;
}

}  // namespace lares::sampling
