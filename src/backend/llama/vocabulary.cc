// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/vocabulary.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include <llama.h>

#include "base/check.h"

namespace lares::backend::llama {

namespace {

// Replaces each name by its text; what a text holds is not looked at again.
std::string FillIn(std::string_view shape,
                   std::initializer_list<std::pair<std::string_view, std::string_view>> values) {
  std::string out;
  while (!shape.empty()) {
    const auto* value =
        std::ranges::find_if(values, [&](const auto& v) { return shape.starts_with(v.first); });
    out += value == values.end() ? shape.substr(0, 1) : value->second;
    shape.remove_prefix(value == values.end() ? 1 : value->first.size());
  }
  return out;
}

}  // namespace

Vocabulary::Vocabulary(const llama_model* model)
    : model_(model),
      vocab_(llama_model_get_vocab(model)),
      size_(llama_vocab_n_tokens(vocab_)),
      cutter_(SpecialTexts()) {
  for (core::TokenId id = 0; id < size_; ++id) {
    if (llama_vocab_is_eog(vocab_, id)) end_tokens_.push_back(id);
  }
}

std::vector<std::string> Vocabulary::SpecialTexts() const {
  constexpr auto kSpecial =
      LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_USER_DEFINED | LLAMA_TOKEN_ATTR_UNKNOWN;
  std::vector<std::string> texts;
  for (core::TokenId id = 0; id < size_; ++id) {
    if ((llama_vocab_get_attr(vocab_, id) & kSpecial) != 0)
      texts.emplace_back(llama_vocab_get_text(vocab_, id));
  }
  return texts;
}

std::vector<core::TokenId> Vocabulary::Tokenize(std::string_view text, bool add_special,
                                                bool parse_special) const {
  LARES_CHECK(text.size() < 0x7fffffffU);
  std::vector<core::TokenId> tokens;
  // Others put a space in front of each text, and use no regular expressions.
  const bool pairs = llama_vocab_type(vocab_) == LLAMA_VOCAB_TYPE_BPE;
  if (!pairs || text.size() <= TextCutter::kMaxPiece) {
    Append(text, add_special, parse_special, tokens);
    return tokens;
  }
  if (add_special && llama_vocab_get_add_bos(vocab_)) tokens.push_back(llama_vocab_bos(vocab_));
  for (const std::string_view piece : cutter_.Cut(text)) Append(piece, false, parse_special, tokens);
  if (add_special && llama_vocab_get_add_eos(vocab_)) tokens.push_back(llama_vocab_eos(vocab_));
  return tokens;
}

std::vector<core::TokenId> Vocabulary::TokenizePair(std::string_view query, std::string_view document) const {
  if (const char* shape = llama_model_chat_template(model_, "rerank")) {
    // As one text: the model learned the tokens that its words make together with those around them.
    return Tokenize(FillIn(shape, {{"{query}", query}, {"{document}", document}}), false, true);
  }
  const core::TokenId separator = llama_vocab_sep(vocab_);
  const core::TokenId end = llama_vocab_eos(vocab_) == LLAMA_TOKEN_NULL ? separator : llama_vocab_eos(vocab_);
  std::vector<core::TokenId> tokens;
  const auto add = [&](std::string_view text) {
    const auto more = Tokenize(text, false, false);
    tokens.insert(tokens.end(), more.begin(), more.end());
  };
  const auto add_if = [&](bool wanted, core::TokenId token) {
    if (wanted && Contains(token)) tokens.push_back(token);
  };
  add_if(llama_vocab_get_add_bos(vocab_), llama_vocab_bos(vocab_));
  add(query);
  add_if(llama_vocab_get_add_eos(vocab_), end);
  add_if(llama_vocab_get_add_sep(vocab_), separator);
  add(document);
  // A model without an end of text was taught with its separator there.
  const bool ends = llama_vocab_get_add_eos(vocab_) || llama_vocab_get_add_sep(vocab_);
  add_if(ends, llama_vocab_get_add_eos(vocab_) ? end : separator);
  return tokens;
}

void Vocabulary::Append(std::string_view piece, bool add_special, bool parse_special,
                        std::vector<core::TokenId>& tokens) const {
  const auto length = static_cast<std::int32_t>(piece.size());
  const std::size_t before = tokens.size();
  // Room for one token per four bytes is right for most text; the second call handles the rest.
  tokens.resize(before + piece.size() / 4 + 16);
  const auto tokenize = [&] {
    return llama_tokenize(vocab_, piece.data(), length, tokens.data() + before,
                          static_cast<std::int32_t>(tokens.size() - before), add_special, parse_special);
  };
  auto count = tokenize();
  if (count < 0) {
    tokens.resize(before + static_cast<std::size_t>(-static_cast<std::int64_t>(count)));
    count = tokenize();
  }
  LARES_CHECK(count >= 0);
  tokens.resize(before + static_cast<std::size_t>(count));
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
