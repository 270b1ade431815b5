// SPDX-License-Identifier: Apache-2.0
//
// What the fake model says: logits as a function of everything before them. It knows where each rendered
// prompt ended, and so when an answer is long enough and what a script wants next. Thread safe.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "core/prompt.h"

namespace lares::backend {

class FakeModel {
 public:
  // As in FakeOptions.
  explicit FakeModel(std::int32_t answer_tokens) : answer_tokens_(answer_tokens) {}

  // A prompt whose tokens have this hash has been rendered. Asked again, the newer script counts. The newest
  // kMaxPrompts are known; a forgotten one is answered without script and without end.
  void Learn(std::uint64_t prompt_hash, std::optional<std::string> script);
  bool EndsPrompt(std::uint64_t hash) const;

  // What follows `hash`, the content up to and including a row. `prompt_hash` is that of the prompt, nothing
  // where none is known; `answered` counts the answer's tokens so far.
  void Logits(std::uint64_t hash, std::optional<std::uint64_t> prompt_hash, std::size_t answered,
              std::span<float> out) const;

  static constexpr std::size_t kMaxPrompts = 1U << 17U;

 private:
  std::optional<core::TokenId> Wanted(std::optional<std::uint64_t> prompt_hash, std::size_t answered) const;

  const std::int32_t answer_tokens_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::optional<std::string>> scripts_;  // by prompt hash
  std::deque<std::uint64_t> order_;                                        // oldest first
};

}  // namespace lares::backend
