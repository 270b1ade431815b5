// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/embed_shape.h"

#include <gtest/gtest.h>

namespace lares::backend::llama {
namespace {

GgufSummary Model(core::ModelPurpose purpose, bool causal, std::uint32_t trained) {
  GgufSummary model;
  model.purpose = purpose;
  model.causal = causal;
  model.context_length = trained;
  model.kv_values_per_token = 64;
  return model;
}

TEST(EmbedShape, AnEncodersTextIsComputedInOneCall) {
  const auto encoder = Model(core::ModelPurpose::kEmbed, false, 8192);
  const EmbedShape shape = EmbedShapeOf(encoder, 2000);
  EXPECT_TRUE(shape.whole);
  EXPECT_EQ(shape.rows, 2000);
  EXPECT_EQ(shape.texts, 256);
  EXPECT_EQ(EmbedShapeOf(encoder, 64).rows, 512) << "many short ones together";
  EXPECT_EQ(DefaultEmbedTokens(encoder), 8192);
  EXPECT_EQ(DefaultEmbedTokens(Model(core::ModelPurpose::kEmbed, false, 512)), 512);
}

TEST(EmbedShape, ACausalModelsTextMayTakeSeveralCalls) {
  const EmbedShape shape = EmbedShapeOf(Model(core::ModelPurpose::kEmbed, true, 32'768), 8192);
  EXPECT_FALSE(shape.whole);
  EXPECT_EQ(shape.rows, 256);
}

// It scores the vocabulary for each of its rows, too, and all rows of a text are in one call.
TEST(EmbedShape, ACausalModelThatRanksReadsLessByDefault) {
  const auto ranks = Model(core::ModelPurpose::kRank, true, 32'768);
  EXPECT_EQ(DefaultEmbedTokens(ranks), 2048);
  EXPECT_TRUE(EmbedShapeOf(ranks, 2048).whole);
  EXPECT_EQ(EmbedShapeOf(ranks, 2048).rows, 2048);
}

TEST(EmbedShape, ARecurrentModelHasAStateForEachText) {
  auto recurrent = Model(core::ModelPurpose::kGenerate, true, 2048);
  recurrent.kv_values_per_token = 0;
  EXPECT_EQ(EmbedShapeOf(recurrent, 2048).texts, 64);
}

}  // namespace
}  // namespace lares::backend::llama
