// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/vocabulary.h"

#include <llama.h>

#include "base/check.h"

namespace lares::backend::llama {

Vocabulary::Vocabulary(const llama_model* model)
    : vocab_(llama_model_get_vocab(model)), size_(llama_vocab_n_tokens(vocab_)) {
  for (core::TokenId id = 0; id < size_; ++id) {
    if (llama_vocab_is_eog(vocab_, id)) end_tokens_.push_back(id);
  }
}

std::vector<core::TokenId> Vocabulary::Tokenize(std::string_view text, bool add_special,
                                                bool parse_special) const {
  LARES_CHECK(text.size() < 0x7fffffffU);
  const auto length = static_cast<std::int32_t>(text.size());
  // Room for one token per four bytes is right for most text; the second call handles the rest.
  std::vector<core::TokenId> tokens(text.size() / 4 + 16);
  auto count = llama_tokenize(vocab_, text.data(), length, tokens.data(),
                              static_cast<std::int32_t>(tokens.size()), add_special, parse_special);
  if (count < 0) {
    tokens.resize(static_cast<std::size_t>(-static_cast<std::int64_t>(count)));
    count = llama_tokenize(vocab_, text.data(), length, tokens.data(),
                           static_cast<std::int32_t>(tokens.size()), add_special, parse_special);
  }
  LARES_CHECK(count >= 0);
  tokens.resize(static_cast<std::size_t>(count));
  return tokens;
}

std::string Vocabulary::Piece(core::TokenId token, bool special) const {
  if (!Contains(token)) return {};
  std::string piece(32, '\0');
  auto count =
      llama_token_to_piece(vocab_, token, piece.data(), static_cast<std::int32_t>(piece.size()), 0, special);
  if (count < 0) {
    piece.resize(static_cast<std::size_t>(-count));
    count = llama_token_to_piece(vocab_, token, piece.data(), static_cast<std::int32_t>(piece.size()), 0,
                                 special);
  }
  piece.resize(static_cast<std::size_t>(count < 0 ? 0 : count));
  return piece;
}

bool Vocabulary::EndsGeneration(core::TokenId token) const {
  return Contains(token) && llama_vocab_is_eog(vocab_, token);
}

std::span<const core::TokenId> Vocabulary::suppressed() const {
  std::int32_t count = 0;
  const llama_token* tokens = llama_vocab_get_suppress_tokens(vocab_, &count);
  return {tokens, static_cast<std::size_t>(count)};
}

}  // namespace lares::backend::llama
