// SPDX-License-Identifier: Apache-2.0
#include "sampling/utf8_assembler.h"

#include <random>

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace lares::sampling {
namespace {

TEST(Utf8Assembler, HoldsTheTailOfACharacter) {
  Utf8Assembler assembler;
  EXPECT_EQ(assembler.Push("a\xE4\xBD"), "a");
  EXPECT_EQ(assembler.Push("\xA0z"), "\xE4\xBD\xA0z");
  EXPECT_EQ(assembler.Push("\xF0\x9F"), "");
  EXPECT_EQ(assembler.Flush(), "\xEF\xBF\xBD");
  EXPECT_EQ(assembler.Flush(), "");
}

TEST(Utf8Assembler, ReplacesWhatCannotBecomeACharacter) {
  Utf8Assembler assembler;
  EXPECT_EQ(assembler.Push("\xE4"), "");
  EXPECT_EQ(assembler.Push("A"),
            "\xEF\xBF\xBD"
            "A");
  EXPECT_EQ(assembler.Push("\xFF"), "\xEF\xBF\xBD");
  EXPECT_EQ(assembler.Push("\x80"), "\xEF\xBF\xBD");
}

TEST(Utf8Assembler, AnySplitGivesWholeCharactersAndTheSameText) {
  static const std::string kPieces[] = {
      "a",    "\xC3\xA9", "\xE4\xBD\xA0", "\xF0\x9F\x98\x80", "\xE4",
      "\x80", "\xF0\x9F", "\xC0",         "\xED\xA0\x80",     "\xF4\x90\x80\x80"};
  for (unsigned seed = 1; seed <= 2000; ++seed) {
    std::mt19937 random(seed);
    std::string bytes;
    for (unsigned i = 0; i < random() % 12; ++i) bytes += kPieces[random() % std::size(kPieces)];
    Utf8Assembler assembler;
    std::string text;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = 1 + random() % 3;
      const std::string part = assembler.Push(bytes.substr(at, size));
      ASSERT_TRUE(base::IsValidUtf8(part)) << "seed " << seed;
      text += part;
      at += size;
    }
    text += assembler.Flush();
    ASSERT_EQ(text, base::ReplaceInvalidUtf8(bytes)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace lares::sampling
