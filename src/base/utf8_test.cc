// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <array>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace lares::base {
namespace {

struct Range {
  unsigned char low, high;
  bool Has(char c) const {
    return static_cast<unsigned char>(c) >= low && static_cast<unsigned char>(c) <= high;
  }
};

// The grammar of RFC 3629, section 4, one row for each alternative.
const std::vector<std::vector<Range>> kForms = {
    {{0x00, 0x7F}},
    {{0xC2, 0xDF}, {0x80, 0xBF}},
    {{0xE0, 0xE0}, {0xA0, 0xBF}, {0x80, 0xBF}},
    {{0xE1, 0xEC}, {0x80, 0xBF}, {0x80, 0xBF}},
    {{0xED, 0xED}, {0x80, 0x9F}, {0x80, 0xBF}},
    {{0xEE, 0xEF}, {0x80, 0xBF}, {0x80, 0xBF}},
    {{0xF0, 0xF0}, {0x90, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}},
    {{0xF1, 0xF3}, {0x80, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}},
    {{0xF4, 0xF4}, {0x80, 0x8F}, {0x80, 0xBF}, {0x80, 0xBF}},
};

// How many bytes of `text` fit the form from its beginning.
std::size_t Fit(const std::vector<Range>& form, std::string_view text) {
  std::size_t n = 0;
  while (n < form.size() && n < text.size() && form[n].Has(text[n])) ++n;
  return n;
}

std::size_t NaiveFindInvalid(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 0;
    for (const auto& form : kForms) {
      if (Fit(form, text.substr(at)) == form.size()) length = form.size();
    }
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

std::size_t NaiveIncompleteTail(std::string_view text) {
  for (std::size_t size = 1; size <= 3 && size <= text.size(); ++size) {
    for (const auto& form : kForms) {
      if (size < form.size() && Fit(form, text.substr(text.size() - size)) == size) return size;
    }
  }
  return 0;
}

// Mostly bytes at the edges of the grammar's ranges.
std::string RandomBytes(std::mt19937& random) {
  static constexpr std::array<unsigned char, 22> kEdges = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0,
                                                           0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED,
                                                           0xEE, 0xEF, 0xF0, 0xF3, 0xF4, 0xF5};
  std::string text(random() % 8, '\0');
  for (char& c : text) {
    c = static_cast<char>(random() % 8 == 0 ? random() % 256 : kEdges[random() % kEdges.size()]);
  }
  return text;
}

TEST(Utf8, AgreesWithTheGrammarOnEveryShortText) {
  std::string text;
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      text = {static_cast<char>(a), static_cast<char>(b)};
      ASSERT_EQ(FindInvalidUtf8(text), NaiveFindInvalid(text)) << a << " " << b;
      ASSERT_EQ(IncompleteUtf8Tail(text), NaiveIncompleteTail(text)) << a << " " << b;
    }
  }
}

TEST(Utf8, AgreesWithTheGrammarOnRandomBytes) {
  for (unsigned seed = 1; seed <= 200'000; ++seed) {
    std::mt19937 random(seed);
    const std::string text = RandomBytes(random);
    ASSERT_EQ(FindInvalidUtf8(text), NaiveFindInvalid(text)) << "seed " << seed;
    ASSERT_EQ(IncompleteUtf8Tail(text), NaiveIncompleteTail(text)) << "seed " << seed;
    const std::string repaired = ReplaceInvalidUtf8(text);
    ASSERT_TRUE(IsValidUtf8(repaired)) << "seed " << seed;
    if (IsValidUtf8(text)) {
      ASSERT_EQ(repaired, text) << "seed " << seed;
    }
  }
}

// The examples of the Unicode Standard, section 3.9, "U+FFFD substitution of maximal subparts".
TEST(Utf8, ReplacesEachMaximalSubpart) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(ReplaceInvalidUtf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82"
                               "A"),
            r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(ReplaceInvalidUtf8("\xED\xA0\x80\xED\xBF\xBF"
                               "A"),
            r + r + r + r + r + r + "A");
  EXPECT_EQ(ReplaceInvalidUtf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF"
                               "A"),
            r + r + r + r + "A");
}

}  // namespace
}  // namespace lares::base
