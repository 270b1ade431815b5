// SPDX-License-Identifier: Apache-2.0
//
// Turns a request into what the engine thread runs: symbols, limits, one Choice per answer. Heavy (template,
// tokeniser, grammar): runs on the pool. Thread safe; touches only the backend's any-thread members.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "backend/backend.h"
#include "base/error.h"
#include "core/generate_request.h"
#include "engine/local/choice.h"

namespace lares::engine {

struct Prepared {
  std::vector<core::Symbol> prompt;
  std::vector<std::unique_ptr<Choice>> choices;      // produced ids already replayed
  std::vector<std::vector<core::TokenId>> produced;  // per choice
  std::int32_t max_new = 0;                          // per choice, from its beginning
  std::uint64_t salt = 0;
};

struct PreparationLimits {
  std::int32_t context = 0;          // tokens of prompt and answer together
  std::int32_t default_max_new = 0;  // cap when the client names none
};

base::Result<Prepared> Prepare(const backend::Backend& backend, const core::GenerateRequest& request,
                               const PreparationLimits& limits);

}  // namespace lares::engine
