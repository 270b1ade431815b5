// SPDX-License-Identifier: Apache-2.0
//
// Cuts a long text into pieces for a tokeniser that recurses once for each character of what one of its
// regular expressions matches: some vocabularies of the library do (GPT-4o's, Tekken, DeepSeek's), at 300
// bytes of stack a character, so that one word of 30,000 letters ends the process. And an expression may
// match a whole prompt: a run of letters, of spaces, of "/" and line ends in turn.
//
// Cuts fall where byte-pair vocabularies begin a new part anyway, so that the tokens stay the same: before a
// space between two words, else before a line end or a mark of punctuation behind a word. Only where there is
// no such place in half a piece, text is cut anywhere between two characters. Pure, thread safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lares::backend::llama {

class TextCutter {
 public:
  static constexpr std::size_t kMaxPiece = 4096;  // bytes, and so at most as many characters

  // `whole`: texts that are never cut, because they are one token each. A few dozen bytes long.
  explicit TextCutter(std::vector<std::string> whole) : whole_(std::move(whole)) {}

  // The pieces in order; together they are `text`, which they refer to. One piece when it is short enough.
  std::vector<std::string_view> Cut(std::string_view text) const;

 private:
  std::size_t BeforeWhole(std::string_view text, std::size_t cut) const;

  std::vector<std::string> whole_;
};

}  // namespace lares::backend::llama
