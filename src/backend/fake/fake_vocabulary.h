// SPDX-License-Identifier: Apache-2.0
//
// The fake model's vocabulary: token b is byte b, so that characters above U+007F take several tokens, and a
// few special tokens follow. Ids above kSize exist and mean nothing. Pure, thread safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/prompt.h"

namespace lares::backend {

class FakeVocabulary {
 public:
  static constexpr core::TokenId kBos = 256, kEos = 257, kImStart = 258, kImEnd = 259;
  static constexpr std::int32_t kSize = 260;

  static std::vector<core::TokenId> Tokenize(std::string_view text, bool add_special, bool parse_special);
  // Text of special tokens only with `special`; nothing for ids without meaning.
  static std::string Piece(core::TokenId token, bool special);
  static bool IsEnd(core::TokenId token) { return token == kEos || token == kImEnd; }
};

}  // namespace lares::backend
