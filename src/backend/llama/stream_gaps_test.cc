// SPDX-License-Identifier: Apache-2.0
//
// Sequences whose slots are no neighbours are computed together, with the scores that neighbours get
// (tools/llama/patches, 8).
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/llama/llama_backend.h"
#include "backend/llama/test_model.h"
#include "base/log.h"

namespace lares::backend::llama {
namespace {

using Slots = std::vector<std::int32_t>;
using Scores = std::vector<std::vector<float>>;  // of each slot in turn

class StreamGaps : public testing::Test {
 protected:
  void SetUp() override {
    if (TestModelPath().empty()) GTEST_SKIP() << kNoTestModel;
    auto made = Load(
        {.path = TestModelPath(), .slots = 24, .slot_cells = 256, .threads = 1, .logit_rows = 24}, *log_);
    ASSERT_TRUE(made) << made.error().message();
    backend_ = std::move(*made);
  }

  std::vector<core::TokenId> Prompt(std::size_t number) {
    return backend_->Tokenize("Sequence " + std::to_string(number * 37) + " tells of", true, false);
  }

  void Run(const std::vector<Row>& rows) {
    const std::atomic<bool> stop{false};
    const auto outcome = backend_->Run(rows, stop);
    ASSERT_TRUE(outcome) << outcome.error().message();
  }

  // Reads a prompt of its own into each slot, all but the last token one by one, and then decodes all in one
  // call.
  Scores Decode(const Slots& slots) {
    for (std::int32_t slot = 0; slot < backend_->facts().slots; ++slot) {
      EXPECT_TRUE(backend_->Truncate(slot, 0));
    }
    std::vector<Row> last;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      std::vector<Row> rows;
      for (const core::TokenId token : Prompt(i)) {
        rows.push_back(
            {.token = token, .slot = slots[i], .position = static_cast<std::int32_t>(rows.size())});
      }
      last.push_back(rows.back());
      last.back().wants_logits = true;
      rows.pop_back();
      Run(rows);
    }
    Run(last);
    Scores scores;
    for (std::size_t row = 0; row < last.size(); ++row) {
      const auto logits = backend_->Logits(row);
      scores.emplace_back(logits.begin(), logits.end());
    }
    return scores;
  }

  std::unique_ptr<base::Logger> log_ = base::Logger::Silent();
  std::unique_ptr<Backend> backend_;
};

TEST_F(StreamGaps, GapsDoNotChangeAnyScore) {
  const Scores neighbours = Decode({0, 1, 2, 3, 4});
  for (const Slots& slots :
       {Slots{0, 2, 4, 6, 8}, Slots{3, 4, 9, 10, 23}, Slots{1, 2, 3, 4, 20}, Slots{0, 6, 7, 8, 9}}) {
    EXPECT_EQ(Decode(slots), neighbours) << testing::PrintToString(slots);
  }
}

// Eight runs at most are computed together; the others follow, in calls of another shape.
TEST_F(StreamGaps, MoreGapsThanOneCallTakesAreComputedInSeveral) {
  Slots row, every_other;
  for (std::int32_t i = 0; i < 12; ++i) {
    row.push_back(i);
    every_other.push_back(2 * i + 1);
  }
  const Scores neighbours = Decode(row);
  const Scores apart = Decode(every_other);
  ASSERT_EQ(apart.size(), neighbours.size());
  for (std::size_t i = 0; i < apart.size(); ++i) {
    EXPECT_THAT(apart[i], testing::Pointwise(testing::FloatNear(0.05F), neighbours[i])) << i;
  }
}

}  // namespace
}  // namespace lares::backend::llama
