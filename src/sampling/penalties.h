// SPDX-License-Identifier: Apache-2.0
//
// What was said before, and how that lowers the logits: the repeat penalty over the last tokens of prompt and
// answer (Keskar et al. 2019), frequency and presence penalties over the answer as the OpenAI API defines
// them. Counts only what the parameters need. Not thread safe. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>

#include "core/sampling_params.h"

namespace lares::sampling {

class Penalties {
 public:
  Penalties(const core::SamplingParams& params, std::span<const core::TokenId> prompt_tail);

  // False when Apply would change nothing, now or later.
  bool active() const { return repeats_ || counts_answer_; }

  void Accept(core::TokenId token);
  // Repeat penalty first, then frequency and presence. Ids outside of `logits` are ignored.
  void Apply(std::span<float> logits) const;

 private:
  void Remember(core::TokenId token);

  const float repeat_, frequency_, presence_;
  const std::size_t window_;
  const bool repeats_, counts_answer_;
  std::deque<core::TokenId> recent_;  // at most window_
  std::unordered_map<core::TokenId, std::int32_t> in_recent_;
  std::unordered_map<core::TokenId, std::int32_t> in_answer_;
};

}  // namespace lares::sampling
