// SPDX-License-Identifier: Apache-2.0
#include "backend/fake/fake_model.h"

#include <utility>

#include "backend/fake/fake_vocabulary.h"

namespace lares::backend {
namespace {

constexpr float kFavourite = 12.0F;  // leaves a few percent to the rest at temperature 1
constexpr float kWanted = 100.0F;    // certain at any temperature

std::uint64_t Mix(std::uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

bool IsLetter(core::TokenId t) { return (t >= 'a' && t <= 'z') || t == ' '; }

// How plausible a token is in any context, before the context has its say (0 to 3 more).
float Plausibility(core::TokenId t) {
  if (IsLetter(t)) return 4.0F;
  if (t >= 0x21 && t < 0x7F) return -1.0F;
  if (FakeVocabulary::IsEnd(t)) return -8.0F;
  return -10.0F;
}

core::TokenId Favourite(std::uint64_t hash) {
  const auto pick = static_cast<core::TokenId>(Mix(hash) % 27);
  return pick == 26 ? ' ' : 'a' + pick;
}

}  // namespace

void FakeModel::Learn(std::uint64_t prompt_hash, std::optional<std::string> script) {
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = scripts_.insert_or_assign(prompt_hash, std::move(script));
  if (!is_new) return;
  order_.push_back(prompt_hash);
  if (order_.size() <= kMaxPrompts) return;
  scripts_.erase(order_.front());
  order_.pop_front();
}

bool FakeModel::EndsPrompt(std::uint64_t hash) const {
  const std::lock_guard lock(mutex_);
  return scripts_.contains(hash);
}

// The token that must come next, where that is decided.
std::optional<core::TokenId> FakeModel::Wanted(std::optional<std::uint64_t> prompt_hash,
                                               std::size_t answered) const {
  if (!prompt_hash) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = scripts_.find(*prompt_hash);
  if (found == scripts_.end()) return std::nullopt;
  if (const auto& script = found->second) {
    if (answered < script->size()) return static_cast<unsigned char>((*script)[answered]);
    return FakeVocabulary::kEos;
  }
  if (answer_tokens_ < 0) return std::nullopt;
  const std::size_t length =
      answer_tokens_ > 0 ? static_cast<std::size_t>(answer_tokens_) : 8 + *prompt_hash % 64;
  if (answered < length) return std::nullopt;
  return FakeVocabulary::kEos;
}

void FakeModel::Logits(std::uint64_t hash, std::optional<std::uint64_t> prompt_hash, std::size_t answered,
                       std::span<float> out) const {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint64_t noise = Mix(hash + (i + 1) * 0x9E3779B97F4A7C15U) >> 40U;  // 24 bits
    out[i] = Plausibility(static_cast<core::TokenId>(i)) + 3.0F * static_cast<float>(noise) * 0x1.0p-24F;
  }
  out[static_cast<std::size_t>(Favourite(hash))] = kFavourite;
  if (const auto wanted = Wanted(prompt_hash, answered)) out[static_cast<std::size_t>(*wanted)] = kWanted;
}

}  // namespace lares::backend
