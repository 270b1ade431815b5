// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/text_cutter.h"

#include <algorithm>
#include <utility>

namespace lares::backend::llama {
namespace {

bool IsAsciiLetter(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// Marks of the blocks General Punctuation (U+2000..206F), CJK Symbols (U+3000..303F) and Fullwidth Forms
// (U+FF01..FF0F, U+FF1A..FF1F). Quotes of ASCII are none: they begin contractions.
bool IsMark(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0); };
  const std::string_view ascii = ".,;:!?()[]{}<>|";
  if (ascii.contains(static_cast<char>(byte(0))) && byte(0) != 0) return true;
  if (byte(0) == 0xE2) return byte(1) == 0x80 || byte(1) == 0x81;
  if (byte(0) == 0xE3) return byte(1) == 0x80;
  if (byte(0) != 0xEF || byte(1) != 0xBC) return false;
  return (byte(2) >= 0x81 && byte(2) <= 0x8F) || (byte(2) >= 0x9A && byte(2) <= 0x9F);
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// A character of a word stands before `at`, and at `at` begins one.
bool BehindWord(std::string_view text, std::size_t at) {
  const auto before = static_cast<unsigned char>(text[at - 1]);
  if (IsContinuation(text[at]) || (before < 0x80 && !IsAsciiLetter(before))) return false;
  if (before < 0x80) return true;
  std::size_t start = at - 1;
  while (start > 0 && at - start < 4 && IsContinuation(text[start])) --start;
  return !IsMark(text.substr(start));
}

bool BeginsWord(std::string_view text, std::size_t at) {
  if (at >= text.size()) return false;
  const auto c = static_cast<unsigned char>(text[at]);
  return c >= 0x80 ? !IsMark(text.substr(at)) : IsAsciiLetter(c);
}

bool BeforeSpace(std::string_view text, std::size_t at) {
  return text[at] == ' ' && BehindWord(text, at) && BeginsWord(text, at + 1);
}
bool BeforeLineEnd(std::string_view text, std::size_t at) {
  return text[at] == '\n' && BehindWord(text, at) && BeginsWord(text, at + 1);
}
bool BeforeMark(std::string_view text, std::size_t at) {
  return IsMark(text.substr(at)) && BehindWord(text, at);
}

// Where the piece that begins `text` ends, the best place in its second half.
std::size_t BestCut(std::string_view text) {
  constexpr std::size_t kLeast = TextCutter::kMaxPiece / 2;
  for (const auto good : {&BeforeSpace, &BeforeLineEnd, &BeforeMark}) {
    for (std::size_t at = TextCutter::kMaxPiece; at > kLeast; --at) {
      if (good(text, at)) return at;
    }
  }
  std::size_t at = TextCutter::kMaxPiece;
  // Not through a character; what is no UTF-8 is cut anywhere.
  while (at > TextCutter::kMaxPiece - 4 && IsContinuation(text[at])) --at;
  return IsContinuation(text[at]) ? TextCutter::kMaxPiece : at;
}

}  // namespace

// The beginning of the text of `whole_` that `cut` goes through; `cut` when there is none.
std::size_t TextCutter::BeforeWhole(std::string_view text, std::size_t cut) const {
  std::size_t best = cut;
  for (const std::string& one : whole_) {
    if (one.size() < 2) continue;
    const std::size_t first = cut - std::min(cut, one.size() - 1);
    const std::size_t found = text.substr(0, std::min(text.size(), cut + one.size() - 1)).find(one, first);
    if (found < cut) best = std::min(best, found);
  }
  return best;
}

std::vector<std::string_view> TextCutter::Cut(std::string_view text) const {
  std::vector<std::string_view> pieces;
  while (text.size() > kMaxPiece) {
    const std::size_t cut = BestCut(text);
    const std::size_t before = BeforeWhole(text, cut);
    const std::size_t end = before > 0 ? before : cut;
    pieces.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  pieces.push_back(text);
  return pieces;
}

}  // namespace lares::backend::llama
