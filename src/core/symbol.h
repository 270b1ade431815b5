// SPDX-License-Identifier: Apache-2.0
//
// A rendered prompt: what the model reads, as a list of symbols. A symbol is one token, or one piece of
// media (an image) that fills several rows of the KV cache and advances the position by another number
// (M-RoPE: by the larger side of its grid). So cells, positions and symbols are three different counts;
// only for plain text are they equal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/prompt.h"

namespace lares::core {

struct Symbol {
  std::int64_t key = 0;        // a token's id; for media: -1 - (63 bits of its content hash)
  std::int32_t rows = 1;       // KV cells
  std::int32_t positions = 1;  // positions
  static Symbol Token(TokenId id) { return {.key = id, .rows = 1, .positions = 1}; }
  bool is_token() const { return key >= 0; }
  TokenId token() const { return static_cast<TokenId>(key); }
  bool operator==(const Symbol&) const = default;
};

struct Media {
  std::int64_t key = 0;  // as in its symbol
  std::string hash;      // SHA-256 of bytes, projector and size limits
  ImagePart image;
};

struct RenderedPrompt {
  std::vector<Symbol> symbols;
  std::vector<Media> media;
};

}  // namespace lares::core
