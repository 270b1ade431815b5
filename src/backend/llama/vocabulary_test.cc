// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/vocabulary.h"

#include <filesystem>
#include <fstream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "backend/llama/gguf_writer_test.h"
#include "backend/llama/handles.h"
#include "backend/llama/real_backend_test.h"

namespace lares::backend::llama {
namespace {

using VocabularyTest = RealModelTest;

ModelPtr LoadVocabulary(const std::string& path) {
  llama_model_params params = llama_model_default_params();
  params.vocab_only = true;
  return ModelPtr(llama_model_load_from_file(path.c_str(), params));
}

std::vector<core::TokenId> InOnePiece(const Vocabulary& vocabulary, const std::string& text) {
  std::vector<core::TokenId> tokens(text.size() + 8);
  const auto count = llama_tokenize(vocabulary.raw(), text.data(), static_cast<std::int32_t>(text.size()),
                                    tokens.data(), static_cast<std::int32_t>(tokens.size()), true, true);
  tokens.resize(static_cast<std::size_t>(std::max(count, 0)));
  return tokens;
}

// How byte-pair vocabularies write a byte: printable ones as they are, others from U+0100 on.
std::vector<std::string> ByteTokens() {
  std::vector<std::string> tokens;
  int others = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 33 && byte < 127) || (byte >= 161 && byte < 173) || byte >= 174;
    const int code = printable ? byte : 256 + others++;
    std::string& token = tokens.emplace_back();
    if (code < 0x80) {
      token = static_cast<char>(code);
    } else {
      token = {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
    }
  }
  return tokens;
}

std::filesystem::path WriteVocabulary(const std::string& kind) {
  auto tokens = ByteTokens();
  tokens.push_back("aa");
  tokens.push_back("<|end|>");
  std::vector<std::int32_t> types(tokens.size(), 1);  // normal
  types.back() = 3;                                   // control
  GgufWriter file;
  file.Text("general.architecture", "llama")
      .Text("tokenizer.ggml.model", "gpt2")
      .Text("tokenizer.ggml.pre", kind)
      .Texts("tokenizer.ggml.tokens", tokens)
      .I32s("tokenizer.ggml.token_type", types)
      .Texts("tokenizer.ggml.merges", {"a a"})
      .U32("tokenizer.ggml.bos_token_id", 257)
      .U32("tokenizer.ggml.eos_token_id", 257);
  const auto path = std::filesystem::temp_directory_path() /
                    ("lares_vocabulary_" + kind + "_" + std::to_string(::getpid()) + ".gguf");
  const auto bytes = file.Bytes();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return path;
}

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

TEST_F(VocabularyTest, LongTextsHaveTheTokensTheyHadInOnePiece) {
  const ModelPtr model = LoadVocabulary(TestModelPath());
  ASSERT_TRUE(model);
  const Vocabulary vocabulary(model.get());
  std::mt19937_64 random(7);
  const std::vector<std::string> parts = {
      "The quick brown fox", " jumps over",    "\n\n",         ", and it's", " 123456 ",
      "  indented",          " naïve 東京 🙂", "<|im_end|>\n", "don't ",     "def f(x):\n\t"};
  for (int round = 0; round < 20; ++round) {
    std::string text;
    while (text.size() < 20'000) text += parts[random() % parts.size()];
    EXPECT_EQ(vocabulary.Tokenize(text, true, true), InOnePiece(vocabulary, text));
  }
}

// A vocabulary that is split by a regular expression of the standard library's: once it was the end of the
// process.
TEST(Vocabulary, ARunOfAnyLengthIsNoDanger) {
  for (const char* kind : {"gpt-4o", "tekken", "deepseek-v3"}) {
    const auto path = WriteVocabulary(kind);
    const ModelPtr model = LoadVocabulary(path);
    std::filesystem::remove(path);
    ASSERT_TRUE(model) << kind;
    const Vocabulary vocabulary(model.get());
    for (const std::string run : {"a", "A", "é", " ", "?", "/\n", "\n", "a b ", "東"}) {
      std::string text;
      while (text.size() < 100'000) text += run;
      std::string back;
      for (const core::TokenId token : vocabulary.Tokenize(text, false, true))
        back += vocabulary.Piece(token, true);
      EXPECT_TRUE(back == text) << kind << " " << run;
    }
    const std::string text = "It's a normal text, with words; and 12345 numbers?\n\nAnd \"lines\".";
    EXPECT_EQ(vocabulary.Tokenize(text, true, true), InOnePiece(vocabulary, text));
  }
}

}  // namespace
}  // namespace lares::backend::llama
