// SPDX-License-Identifier: Apache-2.0
#include "app/nearest.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lares::app {
namespace {

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0U);
  EXPECT_EQ(EditDistance("", "abc"), 3U);
  EXPECT_EQ(EditDistance("port", "prot"), 1U);  // a swap is one
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
  EXPECT_EQ(EditDistance("model", "model"), 0U);
}

TEST(EditDistance, DoesNotWorkOnHugeTexts) {
  EXPECT_GT(EditDistance(std::string(100'000, 'a'), std::string(100'000, 'b')), 100'000U);
}

TEST(Nearest, FindsATypingError) {
  const std::vector<std::string_view> known = {"serve", "run", "models", "bench"};
  EXPECT_EQ(Nearest("sevre", known), "serve");
  EXPECT_EQ(Nearest("model", known), "models");
  EXPECT_EQ(Nearest("quantize", known), std::nullopt);
  EXPECT_EQ(Nearest("x", {}), std::nullopt);
}

}  // namespace
}  // namespace lares::app
