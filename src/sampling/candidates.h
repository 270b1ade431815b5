// SPDX-License-Identifier: Apache-2.0
//
// The tokens that are still in the draw, narrowed filter by filter. Begins as the whole vocabulary, seen in
// place; the first filter copies what it keeps. Every filter keeps at least one token while one is left.
// Nothing here sorts the vocabulary. Owns its buffers and is meant to be reused, token after token, so that
// no call allocates in the long run. Not thread safe. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/prompt.h"
#include "sampling/mass_border.h"
#include "sampling/softmax.h"

namespace lares::sampling {

struct ScoredToken {
  core::TokenId token = 0;
  float logit = 0.0F;
};

// Higher logit first, lower id among equals.
bool Better(const ScoredToken& a, const ScoredToken& b);

// The `k` best of `logits`, in no particular order; fewer when fewer are above -infinity.
void SelectTop(std::span<const float> logits, std::size_t k, std::vector<ScoredToken>& out);

class Candidates {
 public:
  // All of `logits`, which must live until the draw.
  void Reset(std::span<const float> logits);

  void KeepTopK(std::size_t k);
  // Locally typical sampling (Meister et al. 2022): the tokens whose surprise is nearest to the expected one
  // until their mass reaches `p`.
  void KeepTypical(double p);
  // The smallest set of best tokens whose mass reaches `p`.
  void KeepTopP(double p);
  // Tokens with at least `p` times the probability of the best one.
  void KeepMinP(double p);

  // One token by probability at `temperature` (above 0), for `uniform` in [0, 1). Nothing when all logits
  // are -infinity.
  std::optional<core::TokenId> Draw(double temperature, double uniform);

  std::size_t size() const { return logits_.size(); }
  core::TokenId token(std::size_t i) const { return ids_in_use_ ? ids_[i] : static_cast<core::TokenId>(i); }

 private:
  void Reserve(std::size_t n);
  void Use(std::size_t kept);
  bool NearHold(float max, double mass);
  void KeepMass(Distance distance, double mass);
  template <class Keep>
  std::size_t Compact(const Keep& keep);

  std::span<const float> logits_;  // the whole row, or kept_
  bool ids_in_use_ = false;        // false: the i-th candidate is token i
  std::vector<float> kept_;
  std::vector<core::TokenId> ids_;
  std::vector<ScoredToken> top_;
  std::size_t near_ = 0;  // how many tokens NearHold copied
  BorderFinder border_finder_;
  Weights weights_;
};

}  // namespace lares::sampling
