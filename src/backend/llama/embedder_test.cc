// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/embedder.h"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/llama/real_backend_test.h"

namespace lares::backend::llama {
namespace {

using EmbedderTest = RealModelTest;

const auto kGoOn = [] { return false; };

float Dot(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

TEST_F(EmbedderTest, VectorsHaveLengthOneAndMean) {
  const std::vector<std::vector<core::TokenId>> inputs = {
      backend().Tokenize("The cat sleeps on the sofa.", true, false),
      backend().Tokenize("A kitten is napping on the couch.", true, false),
      backend().Tokenize("int main() { return 0; }", true, false)};
  const auto vectors = backend().Embed(inputs, kGoOn);
  ASSERT_TRUE(vectors) << vectors.error().message();
  ASSERT_EQ(vectors->size(), 3U);
  for (const auto& vector : *vectors) {
    EXPECT_EQ(vector.size(), 576U);
    EXPECT_NEAR(Dot(vector, vector), 1.0F, 1e-4F);
  }
  EXPECT_GT(Dot((*vectors)[0], (*vectors)[1]), Dot((*vectors)[0], (*vectors)[2]));
}

// One by one, together, and longer than one chunk: the same vectors, up to the kernels' rounding.
TEST_F(EmbedderTest, CompanyDoesNotMatter) {
  std::vector<std::vector<core::TokenId>> inputs;
  for (int i = 0; i < 20; ++i)
    inputs.push_back(backend().Tokenize("Sentence number " + std::to_string(i), true, false));
  inputs.emplace_back(300, 42);
  inputs.push_back(backend().Tokenize("last", true, false));
  const auto together = backend().Embed(inputs, kGoOn);
  ASSERT_TRUE(together) << together.error().message();
  for (std::size_t i : {std::size_t{0}, std::size_t{7}, std::size_t{20}, std::size_t{21}}) {
    const auto alone = backend().Embed(std::span(inputs).subspan(i, 1), kGoOn);
    ASSERT_TRUE(alone);
    EXPECT_GT(Dot(alone->front(), (*together)[i]), 0.99F) << "input " << i;
  }
}

TEST_F(EmbedderTest, RefusesWithNumbersAndName) {
  const std::vector<std::vector<core::TokenId>> inputs = {{1}, std::vector<core::TokenId>(513, 1)};
  const auto vectors = backend().Embed(inputs, kGoOn);
  ASSERT_FALSE(vectors);
  EXPECT_EQ(vectors.error().param(), "input[1]");
  EXPECT_EQ(vectors.error().reason(), "context_length_exceeded");
  EXPECT_THAT(vectors.error().message(),
              testing::AllOf(testing::HasSubstr("513"), testing::HasSubstr("512")));
  EXPECT_FALSE(backend().Embed(std::vector<std::vector<core::TokenId>>{{}}, kGoOn));
  EXPECT_FALSE(backend().Embed(std::vector<std::vector<core::TokenId>>{{-1}}, kGoOn));
}

// Between two chunks and within one: whoever went away is not computed for.
TEST_F(EmbedderTest, EndsWhenTold) {
  const std::vector<std::vector<core::TokenId>> inputs(20, std::vector<core::TokenId>(200, 42));
  for (const int at : {1, 2, 100}) {
    const auto stopped = backend().Embed(inputs, [asked = 0, at]() mutable { return ++asked >= at; });
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code(), base::Code::kCancelled) << at;
  }
  EXPECT_TRUE(backend().Embed(std::span(inputs).first(1), kGoOn)) << "the next one is served";
}

}  // namespace
}  // namespace lares::backend::llama
