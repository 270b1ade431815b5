// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/prompt_maker.h"

#include <cstdio>

#include "base/check.h"

namespace lares::cli {
namespace {

constexpr std::uint64_t kSharedStream = 1ULL << 62U;

double TokensOf(const WordTable& table, std::string_view word) {
  const auto found = table.tokens.find(word);
  return found == table.tokens.end() ? 1 : found->second;
}

void Append(std::string& text, std::string_view word) {
  if (!text.empty()) text += ' ';
  text += word;
}

}  // namespace

std::string PromptMaker::Unique(std::int32_t tokens) {
  Random random(seed_, serial_);
  char number[32];
  std::snprintf(number, sizeof number, "%04llu%02llu", static_cast<unsigned long long>(++serial_),
                static_cast<unsigned long long>(seed_ % 97));
  std::string text;
  double left = tokens;
  for (const char* digit = number; *digit != '\0'; ++digit) {
    Append(text, std::string_view(digit, 1));
    left -= TokensOf(table_, std::string_view(digit, 1));
  }
  Fill(text, left, random);
  return text;
}

std::string PromptMaker::Shared(std::uint64_t number, std::int32_t tokens) const {
  Random random(seed_, kSharedStream + number);
  std::string text;
  Fill(text, tokens, random);
  return text;
}

void PromptMaker::Fill(std::string& text, double left, Random& random) const {
  LARES_CHECK(!table_.sentences.empty());
  while (left > 0) {
    for (const std::string& word : table_.sentences[random.Below(table_.sentences.size())]) {
      const double size = TokensOf(table_, word);
      // What does not fit any more gives way to words of one token.
      if (size > left && !table_.fillers.empty()) {
        Append(text, table_.fillers[random.Below(table_.fillers.size())]);
        left -= 1;
      } else {
        Append(text, word);
        left -= size;
      }
      if (left <= 0) return;
    }
  }
}

}  // namespace lares::cli
