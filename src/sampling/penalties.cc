// SPDX-License-Identifier: Apache-2.0
#include "sampling/penalties.h"

#include <algorithm>

namespace lares::sampling {

Penalties::Penalties(const core::SamplingParams& params, std::span<const core::TokenId> prompt_tail)
    : repeat_(params.repeat_penalty),
      frequency_(params.frequency_penalty),
      presence_(params.presence_penalty),
      window_(static_cast<std::size_t>(std::max(params.repeat_last_n, 0))),
      repeats_(params.repeat_penalty != 1.0F && window_ > 0),
      counts_answer_(params.frequency_penalty != 0.0F || params.presence_penalty != 0.0F) {
  if (!repeats_) return;
  for (const core::TokenId token : prompt_tail.last(std::min(window_, prompt_tail.size()))) Remember(token);
}

void Penalties::Remember(core::TokenId token) {
  if (recent_.size() == window_) {
    const auto oldest = in_recent_.find(recent_.front());
    if (--oldest->second == 0) in_recent_.erase(oldest);
    recent_.pop_front();
  }
  recent_.push_back(token);
  ++in_recent_[token];
}

void Penalties::Accept(core::TokenId token) {
  if (repeats_) Remember(token);
  if (counts_answer_) ++in_answer_[token];
}

void Penalties::Apply(std::span<float> logits) const {
  const auto known = [&](core::TokenId t) { return t >= 0 && static_cast<std::size_t>(t) < logits.size(); };
  for (const auto& [token, count] : in_recent_) {
    if (!known(token)) continue;
    float& logit = logits[static_cast<std::size_t>(token)];
    logit = logit > 0 ? logit / repeat_ : logit * repeat_;
  }
  for (const auto& [token, count] : in_answer_) {
    if (!known(token)) continue;
    logits[static_cast<std::size_t>(token)] -= frequency_ * static_cast<float>(count) + presence_;
  }
}

}  // namespace lares::sampling
