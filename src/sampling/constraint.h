// SPDX-License-Identifier: Apache-2.0
//
// What an answer is allowed to be, token by token: a grammar. Implemented by a backend (its grammar engine
// needs the vocabulary); used by Sampler. Not thread safe; one per choice.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "core/prompt.h"

namespace lares::sampling {

class Constraint {
 public:
  virtual ~Constraint() = default;

  // May `token` come next? Cheap: asked for the sampled token first.
  virtual bool Allows(core::TokenId token) = 0;

  // Sets the logit of every token that may not come next to -infinity. Expensive (the whole vocabulary):
  // only called when Allows said no.
  virtual void Mask(std::span<float> logits) = 0;

  // `token` was chosen and is allowed.
  virtual void Accept(core::TokenId token) = 0;

  // Empty while all is well. Else a sentence why the constraint gave up: from then on it allows end tokens
  // only, and the choice must end with an error.
  virtual std::string_view failure() const { return {}; }
};

}  // namespace lares::sampling
