// SPDX-License-Identifier: Apache-2.0
//
// Text to tokens and back, by the model's own vocabulary. Thread safe: reads only. Refers to the model, which
// must outlive it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/llama/text_cutter.h"
#include "base/error.h"
#include "core/prompt.h"

struct llama_model;
struct llama_vocab;

namespace lares::backend::llama {

class Vocabulary {
 public:
  explicit Vocabulary(const llama_model* model);

  // Never fails: what is no UTF-8 is replaced by U+FFFD. At most 2^31 - 1 bytes. Long texts go to the library
  // in pieces (see text_cutter.h).
  std::vector<core::TokenId> Tokenize(std::string_view text, bool add_special, bool parse_special) const;

  // As a model that ranks reads them: by the file's template "rerank", else one behind the other with the
  // vocabulary's separators.
  std::vector<core::TokenId> TokenizePair(std::string_view query, std::string_view document) const;

  // The bytes of one token; empty for control tokens unless `special`, and for ids outside the vocabulary.
  std::string Piece(core::TokenId token, bool special) const;

  bool EndsGeneration(core::TokenId token) const;
  const std::vector<core::TokenId>& end_tokens() const { return end_tokens_; }
  // Tokens that the file forbids to generate.
  std::span<const core::TokenId> suppressed() const;

  std::int32_t size() const { return size_; }
  bool Contains(core::TokenId token) const { return token >= 0 && token < size_; }
  const llama_vocab* raw() const { return vocab_; }

 private:
  void Append(std::string_view piece, bool add_special, bool parse_special,
              std::vector<core::TokenId>& tokens) const;
  std::vector<std::string> SpecialTexts() const;

  const llama_model* model_;
  const llama_vocab* vocab_;
  std::int32_t size_;
  std::vector<core::TokenId> end_tokens_;
  TextCutter cutter_;
};

}  // namespace lares::backend::llama
