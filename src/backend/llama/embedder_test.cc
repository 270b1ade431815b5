// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/embedder.h"

#include <atomic>
#include <cmath>
#include <numeric>
#include <string>
#include <thread>

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

// Calls from several threads are computed together, whatever each has to do.
TEST_F(EmbedderTest, CallersDoNotMixUpTheirTexts) {
  constexpr std::size_t kCallers = 6;
  std::vector<std::vector<std::vector<core::TokenId>>> inputs(kCallers);
  for (std::size_t i = 0; i < kCallers; ++i) {
    for (std::size_t j = 0; j < 1 + i * 3; ++j) {
      inputs[i].push_back(
          backend().Tokenize("caller " + std::to_string(i) + " text " + std::to_string(j), true, false));
    }
  }
  inputs[2].emplace_back(300, 42);
  std::vector<std::vector<std::vector<float>>> together(kCallers);
  {
    std::vector<std::jthread> callers;
    for (std::size_t i = 0; i < kCallers; ++i) {
      callers.emplace_back([&, i] {
        auto vectors = backend().Embed(inputs[i], kGoOn);
        if (vectors) together[i] = std::move(*vectors);
      });
    }
  }
  for (std::size_t i = 0; i < kCallers; ++i) {
    ASSERT_EQ(together[i].size(), inputs[i].size()) << "caller " << i;
    for (std::size_t j = 0; j < inputs[i].size(); ++j) {
      const auto alone = backend().Embed(std::span(inputs[i]).subspan(j, 1), kGoOn);
      ASSERT_TRUE(alone);
      EXPECT_GT(Dot(alone->front(), together[i][j]), 0.99F) << "caller " << i << " text " << j;
    }
  }
}

// Who goes away takes nobody with it, and who waits behind a long list is served before its end.
TEST_F(EmbedderTest, OneThatLeavesAndOneThatIsLongHoldNobodyUp) {
  const std::vector<std::vector<core::TokenId>> list(40, std::vector<core::TokenId>(200, 42));
  const std::vector<std::vector<core::TokenId>> one = {{1, 2, 3}};
  std::atomic<bool> started{false}, leave{false}, waits{false};
  std::jthread long_one([&] {
    const auto result = backend().Embed(list, [&] {
      started = true;
      return leave.load();
    });
    EXPECT_FALSE(result) << "it was still at it when the short one had its answer";
    EXPECT_EQ(result.error().code(), base::Code::kCancelled);
  });
  while (!started) std::this_thread::yield();
  const auto gone = backend().Embed(one, [&] {
    waits = true;
    return true;
  });
  EXPECT_FALSE(gone) << "it went away";
  EXPECT_TRUE(waits);
  EXPECT_TRUE(backend().Embed(one, kGoOn));
  leave = true;
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
