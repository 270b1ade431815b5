// SPDX-License-Identifier: Apache-2.0
//
// Engines of models that were made for embeddings, or for ranking.
#include <gtest/gtest.h>

#include "engine/local/local_under_test.h"

namespace lares::engine {
namespace {

backend::FakeOptions MadeFor(core::ModelPurpose purpose) { return {.purpose = purpose, .slot_cells = 16}; }

TEST(EngineThatEmbeds, GeneratesNothing) {
  LocalUnderTest t(MadeFor(core::ModelPurpose::kEmbed));
  EXPECT_EQ(t.engine().Status().purpose, core::ModelPurpose::kEmbed);
  EXPECT_EQ(t.engine().Status().slots, 0);
  auto sink = std::make_shared<RecordingSink>();
  const auto refused = t.engine().Submit(Ask("a", "hello", 4), sink);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), base::Code::kInvalidArgument);
  EXPECT_EQ(refused.error().reason(), "model_cannot_generate");
  EXPECT_EQ(refused.error().param(), "model");
  EXPECT_TRUE(t.engine().Embed({.inputs = {core::TextPrompt{.text = "hello"}}}, {}));
}

TEST(EngineThatEmbeds, RanksByLikeness) {
  LocalUnderTest t(MadeFor(core::ModelPurpose::kEmbed));
  const auto answer = t.engine().Rank({.query = "abc", .documents = {"xyz", "abc", "abz"}}, {});
  ASSERT_TRUE(answer) << answer.error().message();
  ASSERT_EQ(answer->scores.size(), 3U);
  EXPECT_NEAR(answer->scores[1], 1.0F, 1e-5F);
  EXPECT_GT(answer->scores[2], answer->scores[0]);
  EXPECT_GT(answer->prompt_tokens, 12);
}

TEST(EngineThatRanks, GivesItsScoresAndDoesNotEmbed) {
  LocalUnderTest t(MadeFor(core::ModelPurpose::kRank));
  const auto answer = t.engine().Rank({.query = "ab", .documents = {"xy", "ab", "ax"}}, {});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->scores, (std::vector<float>{0.0F, 1.0F, 0.5F}));
  const auto refused = t.engine().Embed({.inputs = {core::TextPrompt{.text = "hello"}}}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "model_cannot_embed");
}

TEST(EngineThatRanks, EndsEarlyWhenToldTo) {
  LocalUnderTest t(MadeFor(core::ModelPurpose::kRank));
  core::RankRequest request{.query = "q", .documents = {"d"}};
  std::stop_source gone;
  gone.request_stop();
  EXPECT_EQ(t.engine().Rank(request, gone.get_token()).error().code(), base::Code::kCancelled);
  request.deadline = base::Time{} + std::chrono::nanoseconds(1);
  EXPECT_EQ(t.engine().Rank(request, {}).error().code(), base::Code::kDeadlineExceeded);
}

// The client knows its texts by its own names for them.
TEST(EngineThatRanks, NamesTheTextThatIsTooLong) {
  const std::string endless(40, 'a');
  for (const auto purpose : {core::ModelPurpose::kEmbed, core::ModelPurpose::kRank}) {
    LocalUnderTest t(MadeFor(purpose));
    const auto one = t.engine().Rank({.query = "q", .documents = {endless}}, {});
    ASSERT_FALSE(one);
    EXPECT_EQ(one.error().param(), "documents[0]");
    const auto second = t.engine().Rank({.query = "q", .documents = {"a", endless}}, {});
    EXPECT_EQ(second.error().param(), "documents[1]");
  }
  LocalUnderTest t(MadeFor(core::ModelPurpose::kEmbed));
  EXPECT_EQ(t.engine().Rank({.query = endless, .documents = {"a"}}, {}).error().param(), "query");
}

}  // namespace
}  // namespace lares::engine
