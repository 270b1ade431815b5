// SPDX-License-Identifier: Apache-2.0
//
// Turns a request into what the engine thread runs: symbols, limits, one Choice per answer; and makes a
// Choice again from the ids so far. Heavy (template, tokeniser, grammar, replay): runs on the pool. Thread
// safe; touches only the backend's any-thread members.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "backend/backend.h"
#include "base/error.h"
#include "core/generate_request.h"
#include "engine/local/choice.h"

namespace lares::engine {

// All that a request's choices have in common: enough to make each of them at any time.
struct ChoiceRecipe {
  ChoiceOptions options;  // but the choice's own number; with the seed that was drawn
  std::optional<backend::Grammar> grammar;
};

// Choice number `index` as it is after `produced`.
base::Result<std::unique_ptr<Choice>> MakeChoice(const backend::Backend& backend, const ChoiceRecipe& recipe,
                                                 std::int32_t index, std::span<const core::TokenId> produced);

struct Prepared {
  std::vector<core::Symbol> prompt;
  std::shared_ptr<const ChoiceRecipe> recipe;
  std::vector<std::unique_ptr<Choice>> choices;      // produced ids already replayed
  std::vector<std::vector<core::TokenId>> produced;  // per choice, up to its end
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
