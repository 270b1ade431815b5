// SPDX-License-Identifier: Apache-2.0
#include "sampling/penalties.h"

#include <vector>

#include <gtest/gtest.h>

namespace lares::sampling {
namespace {

std::vector<float> Applied(const Penalties& penalties, std::vector<float> logits) {
  penalties.Apply(logits);
  return logits;
}

TEST(Penalties, NeutralParametersChangeNothing) {
  Penalties penalties({}, std::vector<core::TokenId>{0, 1});
  EXPECT_FALSE(penalties.active());
  penalties.Accept(1);
  EXPECT_EQ(Applied(penalties, {1, 2}), (std::vector<float>{1, 2}));
}

TEST(Penalties, RepeatDividesPositiveAndMultipliesNegativeOnce) {
  Penalties penalties({.repeat_penalty = 2.0F}, std::vector<core::TokenId>{0, 0, 1});
  EXPECT_EQ(Applied(penalties, {4, -3, 5}), (std::vector<float>{2, -6, 5}));
}

TEST(Penalties, RepeatForgetsWhatLeftTheWindow) {
  Penalties penalties({.repeat_penalty = 2.0F, .repeat_last_n = 2}, std::vector<core::TokenId>{0, 1, 1});
  EXPECT_EQ(Applied(penalties, {4, 4, 4}), (std::vector<float>{4, 2, 4}));
  penalties.Accept(2);
  EXPECT_EQ(Applied(penalties, {4, 4, 4}), (std::vector<float>{4, 2, 2}));
  penalties.Accept(0);
  EXPECT_EQ(Applied(penalties, {4, 4, 4}), (std::vector<float>{2, 4, 2}));
}

TEST(Penalties, FrequencyAndPresenceCountTheAnswerOnly) {
  Penalties penalties({.frequency_penalty = 0.5F, .presence_penalty = 1.0F},
                      std::vector<core::TokenId>{0, 0});
  penalties.Accept(1);
  penalties.Accept(1);
  penalties.Accept(2);
  EXPECT_EQ(Applied(penalties, {4, 4, 4}), (std::vector<float>{4, 2, 2.5}));
}

TEST(Penalties, ForeignIdsAreIgnored) {
  Penalties penalties({.frequency_penalty = 1.0F, .repeat_penalty = 2.0F},
                      std::vector<core::TokenId>{-1, 99});
  penalties.Accept(77);
  EXPECT_EQ(Applied(penalties, {1, 2}), (std::vector<float>{1, 2}));
}

}  // namespace
}  // namespace lares::sampling
