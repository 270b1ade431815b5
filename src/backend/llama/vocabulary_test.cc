// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/llama/real_backend_test.h"

namespace lares::backend::llama {
namespace {

using VocabularyTest = RealModelTest;

TEST_F(VocabularyTest, TextComesBackByteForByte) {
  for (const std::string& text : {std::string("Hello, world!\n"), std::string("naïve 東京 🙂"),
                                  std::string("a\0b", 3), std::string(5000, 'x'), std::string()}) {
    std::string back;
    for (const core::TokenId token : backend().Tokenize(text, false, false))
      back += backend().Piece(token, false);
    EXPECT_EQ(back, text);
  }
}

TEST_F(VocabularyTest, WhatIsNoUtf8IsReplacedAndNeverFails) {
  std::string back;
  for (const core::TokenId token : backend().Tokenize("\xff\xfe half \xe2\x82", false, false)) {
    back += backend().Piece(token, false);
  }
  EXPECT_THAT(back, testing::HasSubstr(" half "));
}

TEST_F(VocabularyTest, SpecialTextIsATokenOnlyWhenAsked) {
  const auto special = backend().Tokenize("<|im_end|>", false, true);
  ASSERT_EQ(special.size(), 1U);
  EXPECT_TRUE(backend().EndsGeneration(special[0]));
  EXPECT_EQ(backend().Piece(special[0], false), "");
  EXPECT_EQ(backend().Piece(special[0], true), "<|im_end|>");
  EXPECT_GT(backend().Tokenize("<|im_end|>", false, false).size(), 1U);
  EXPECT_THAT(backend().EndTokens(), testing::Contains(special[0]));
}

TEST_F(VocabularyTest, IdsOutsideHaveNoText) {
  EXPECT_EQ(backend().Piece(-1, true), "");
  EXPECT_EQ(backend().Piece(1 << 30, true), "");
  EXPECT_FALSE(backend().EndsGeneration(-5));
}

}  // namespace
}  // namespace lares::backend::llama
