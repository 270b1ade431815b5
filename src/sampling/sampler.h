// SPDX-License-Identifier: Apache-2.0
//
// Chooses the next token of one answer from the model's logits. In this order, which is that of the servers
// people come from:
//   1. logit bias is added; end tokens are forbidden below min_tokens or with ignore_eos
//   2. repeat penalty, then frequency and presence penalties
//   3. at temperature 0: the best token, the lowest id among equals. Otherwise
//      top-k, typical, top-p, min-p, temperature, one draw
//   4. the constraint is asked about that one token; when it refuses, it masks the row as step 2 left it, and
//      step 3 is repeated with the same random number (at temperature 0 the next best are asked about first)
// Log probabilities are those of the model's own distribution, before any of this.
//
// The random number depends on (seed, choice, position) alone and everything else on the accepted tokens, so
// a new Sampler that accepts the same ids continues exactly like the old one.
//
// Never throws: NaN counts as -infinity; when nothing is left to choose (all masked, or the constraint allows
// nothing more) the answer ends with the first end token, or token 0 where there is none. A constraint may
// give up (see failure): what is drawn from then on is no part of an answer. One thread at a time per
// Sampler; different Samplers may run on different threads at once. Memory of the vocabulary's size is kept
// per thread, not per Sampler. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/prompt.h"
#include "core/sampling_params.h"
#include "sampling/constraint.h"
#include "sampling/penalties.h"

namespace lares::sampling {

struct SamplerOptions {
  core::SamplingParams params;
  std::uint64_t seed = 0;  // params.seed is not looked at: the caller has drawn one where it is absent
  std::int32_t choice = 0;
  std::int32_t min_tokens = 0;
  bool ignore_eos = false;
  std::vector<core::TokenId> end_tokens;
  std::int32_t top_logprobs = -1;  // -1: no log probabilities; 0: of the chosen token only
};

struct TokenChance {
  core::TokenId token = 0;
  float logprob = 0.0F;  // natural logarithm; at least kLeastLogprob
};

// Stands for "impossible", as the OpenAI API does, because JSON has no infinity.
inline constexpr float kLeastLogprob = -9999.0F;

struct Logprobs {
  TokenChance chosen;
  std::vector<TokenChance> top;  // best first; may lack the chosen one
};

struct Draw {
  core::TokenId token = 0;
  std::optional<Logprobs> logprobs;
};

class Sampler {
 public:
  // `constraint` may be null. `prompt_tail`: the last tokens of the prompt, repeat_last_n of them if it has
  // so many.
  Sampler(SamplerOptions options, std::unique_ptr<Constraint> constraint,
          std::span<const core::TokenId> prompt_tail);

  // Chooses the token at position accepted(). Changes nothing: without Accept the same call gives the same.
  Draw Sample(std::span<const float> logits);

  // `token` is the next of the answer: the one just sampled, or one that a client already has. An end token
  // ends the answer and is not shown to the constraint. After a token that the constraint does not allow
  // (ids from elsewhere) no text can follow any more: the next draw ends the answer.
  void Accept(core::TokenId token);

  std::uint64_t accepted() const { return accepted_; }

  // Empty while all is well, else why the constraint gave up. Look after Sample.
  std::string_view failure() const { return constraint_ ? constraint_->failure() : std::string_view{}; }

 private:
  struct Scratch;
  static Scratch& ThreadScratch();

  bool EndsForbidden() const;
  bool NeedsEdit() const;
  void Edit(std::span<float> logits) const;
  std::optional<core::TokenId> Pick(std::span<const float> logits, Scratch& scratch) const;
  core::TokenId PickConstrained(std::span<const float> logits, Scratch& scratch);
  std::optional<core::TokenId> NextBestAllowed(std::span<const float> logits, Scratch& scratch);
  core::TokenId Last() const;
  Logprobs Describe(std::span<const float> logits, core::TokenId chosen, Scratch& scratch) const;
  bool Ends(core::TokenId token) const;

  const SamplerOptions options_;
  const std::unique_ptr<Constraint> constraint_;
  Penalties penalties_;
  std::uint64_t accepted_ = 0;
  std::optional<core::TokenId> allowed_;  // what the constraint allowed at this position
  bool dead_end_ = false;
};

}  // namespace lares::sampling
