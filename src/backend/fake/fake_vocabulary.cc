// SPDX-License-Identifier: Apache-2.0
#include "backend/fake/fake_vocabulary.h"

#include <array>
#include <optional>

namespace lares::backend {
namespace {

constexpr std::array<std::string_view, 4> kSpecials = {"<|bos|>", "<|eos|>", "<|im_start|>", "<|im_end|>"};

std::optional<std::size_t> SpecialAt(std::string_view text) {
  for (std::size_t i = 0; i < kSpecials.size(); ++i) {
    if (text.starts_with(kSpecials[i])) return i;
  }
  return std::nullopt;
}

}  // namespace

std::vector<core::TokenId> FakeVocabulary::Tokenize(std::string_view text, bool add_special,
                                                    bool parse_special) {
  std::vector<core::TokenId> tokens;
  tokens.reserve(text.size() + 1);
  if (add_special) tokens.push_back(kBos);
  for (std::size_t i = 0; i < text.size();) {
    const auto special = parse_special ? SpecialAt(text.substr(i)) : std::nullopt;
    tokens.push_back(special ? kBos + static_cast<core::TokenId>(*special)
                             : static_cast<unsigned char>(text[i]));
    i += special ? kSpecials[*special].size() : 1;
  }
  return tokens;
}

std::string FakeVocabulary::Piece(core::TokenId token, bool special) {
  if (token >= 0 && token < kBos) return {static_cast<char>(token)};
  if (special && token >= kBos && token < kSize)
    return std::string(kSpecials[static_cast<std::size_t>(token - kBos)]);
  return {};
}

}  // namespace lares::backend
