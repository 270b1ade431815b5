// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/decode_context.h"

#include <cmath>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/llama/real_backend_test.h"

namespace lares::backend::llama {
namespace {

using base::Code;

constexpr std::string_view kStory =
    "<|im_start|>user\nTell me about the sea, its tides, and the people who live by it.<|im_end|>\n"
    "<|im_start|>assistant\n";

float LargestDifference(std::span<const float> a, std::span<const float> b) {
  float largest = 0.0F;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::fabs(a[i] - b[i]));
  return largest;
}

class DecodeTest : public RealModelTest {
 protected:
  // Greedy, one sequence in one slot.
  static std::vector<core::TokenId> Greedy(const std::vector<core::TokenId>& prompt, std::int32_t slot,
                                           int count) {
    std::vector<core::TokenId> out;
    auto logits = Read(prompt, slot);
    auto position = static_cast<std::int32_t>(prompt.size());
    for (int i = 0; i < count; ++i) {
      out.push_back(Best(logits));
      logits = Read({out.back()}, slot, position++);
    }
    return out;
  }
};

TEST_F(DecodeTest, SaysWhatItHolds) {
  const Facts& facts = backend().facts();
  EXPECT_EQ(facts.architecture, "llama");
  EXPECT_EQ(facts.vocabulary, 49152);
  EXPECT_EQ(facts.slots, 4);
  EXPECT_EQ(facts.slot_cells, 512);
  EXPECT_EQ(facts.total_cells, 2048);
  EXPECT_EQ(facts.cell_bytes, 30U * 3 * 128 * 2);
  EXPECT_TRUE(facts.has_chat_template);
  EXPECT_TRUE(facts.can_truncate);
}

TEST_F(DecodeTest, GreedyRepeatsItself) {
  const auto prompt = Tokens(kStory);
  const auto first = Greedy(prompt, 0, 12);
  ASSERT_TRUE(backend().Truncate(0, 0));
  EXPECT_EQ(Greedy(prompt, 0, 12), first);
  EXPECT_EQ(Greedy(prompt, 3, 12), first) << "in another slot";
}

// In a batch the kernels add up in another order. The bound is what was seen (0.13 on AVX-512 with Q4_1) with
// room; a wrong cell or mask gives differences of 5 and more.
TEST_F(DecodeTest, ABatchChangesLittle) {
  const auto prompt = Tokens(kStory);
  const auto alone = Greedy(prompt, 0, 8);
  ASSERT_TRUE(backend().Truncate(0, 0));
  const std::vector<std::vector<core::TokenId>> others = {Tokens("One two three"), Tokens("The river"),
                                                          Tokens("def main():\n")};
  std::vector<float> expected = Read(prompt, 0);
  for (std::int32_t slot = 1; slot <= 3; ++slot) Read(others[static_cast<std::size_t>(slot - 1)], slot);
  for (int step = 0; step < 8; ++step) {
    const auto at = static_cast<std::int32_t>(prompt.size()) + step;
    std::vector<Row> rows = {
        {.token = alone[static_cast<std::size_t>(step)], .slot = 0, .position = at, .wants_logits = true}};
    for (std::int32_t slot = 1; slot <= 3; ++slot) {
      const auto begin = static_cast<std::int32_t>(others[static_cast<std::size_t>(slot - 1)].size());
      rows.push_back({.token = 28 + step, .slot = slot, .position = begin + step, .wants_logits = true});
    }
    const std::atomic<bool> stop{false};
    ASSERT_TRUE(backend().Run(rows, stop));
    const auto batched = LogitsOf(0);
    ASSERT_TRUE(backend().Truncate(0, at));
    EXPECT_LT(LargestDifference(Read({rows[0].token}, 0, at), batched), 1.0F) << "step " << step;
  }
}

TEST_F(DecodeTest, ChunksGiveTheSameAsTheWhole) {
  const auto prompt = Tokens(kStory);
  const auto whole = Read(prompt, 0);
  std::vector<float> chunked;
  for (std::size_t at = 0; at < prompt.size(); at += 7) {
    const std::size_t end = std::min(prompt.size(), at + 7);
    chunked = Read(
        {prompt.begin() + static_cast<std::ptrdiff_t>(at), prompt.begin() + static_cast<std::ptrdiff_t>(end)},
        1, static_cast<std::int32_t>(at));
  }
  EXPECT_LT(LargestDifference(whole, chunked), 1.0F);
  EXPECT_EQ(Best(whole), Best(chunked));
}

// KV state is moved bit for bit, so the next token's logits are the same bit for bit.
TEST_F(DecodeTest, CopySaveRestoreAndTruncateAreExact) {
  const auto prompt = Tokens(kStory);
  Read(prompt, 0);
  const auto end = static_cast<std::int32_t>(prompt.size());
  const auto expected = Read({100}, 0, end);

  ASSERT_TRUE(backend().Copy(0, 1, end));
  EXPECT_EQ(Read({100}, 1, end), expected) << "copied below what the source holds";

  const auto saved = backend().Save(1);
  ASSERT_TRUE(saved);
  ASSERT_TRUE(backend().Restore(2, *saved));
  ASSERT_TRUE(backend().Truncate(2, end));
  EXPECT_EQ(Read({100}, 2, end), expected) << "restored and cut";

  ASSERT_TRUE(backend().Truncate(0, end));
  EXPECT_EQ(Read({100}, 0, end), expected) << "cut and read again";
}

TEST_F(DecodeTest, ACopyIsUnaffectedByWhatItsSourceReadsNext) {
  const auto prompt = Tokens(kStory);
  const auto end = static_cast<std::int32_t>(prompt.size());
  Read(prompt, 0);
  ASSERT_TRUE(backend().Copy(0, 1, end));
  ASSERT_TRUE(backend().Truncate(0, 3));
  Read(Tokens("something else entirely, and rather longer than what stood here before"), 0, 3);
  const auto copied = Read({100}, 1, end);
  ASSERT_TRUE(backend().Truncate(2, 0));
  Read(prompt, 2);
  EXPECT_EQ(copied, Read({100}, 2, end));
}

TEST_F(DecodeTest, RefusesWhatTheLibraryWouldDieOf) {
  const std::atomic<bool> stop{false};
  const auto code = [&](const std::vector<Row>& rows) {
    const auto outcome = backend().Run(rows, stop);
    return outcome ? Code::kUnknown : outcome.error().code();
  };
  EXPECT_EQ(code({}), Code::kInvalidArgument);
  EXPECT_EQ(code({{.token = -1}}), Code::kInvalidArgument);
  EXPECT_EQ(code({{.token = 49152}}), Code::kInvalidArgument);
  EXPECT_EQ(code({{.token = 1, .slot = 4}}), Code::kInvalidArgument);
  EXPECT_EQ(code({{.token = 1, .slot = 0, .position = -1}}), Code::kInvalidArgument);
  EXPECT_EQ(code(std::vector<Row>(2049, Row{.token = 1})), Code::kInvalidArgument);
  EXPECT_EQ(code(std::vector<Row>(65, Row{.token = 1, .wants_logits = true})), Code::kInvalidArgument);
  Read({1, 2, 3}, 0);
  EXPECT_EQ(code({{.token = 1, .slot = 0, .position = 7}}), Code::kInternal) << "a hole";
  EXPECT_FALSE(backend().Copy(0, 0, 1));
  EXPECT_FALSE(backend().Copy(0, 1, 4)) << "more than there is";
  EXPECT_FALSE(backend().Restore(1, SavedState{.bytes = {1, 2, 3}}));
  EXPECT_FALSE(backend().Restore(0, *backend().Save(0))) << "not empty";
}

TEST_F(DecodeTest, AFullSlotTakesNothing) {
  const std::vector<core::TokenId> most(512, 42);
  Read(most, 0);
  const std::atomic<bool> stop{false};
  const std::vector<Row> more = {{.token = 42, .slot = 0, .position = 512, .wants_logits = true}};
  const auto outcome = backend().Run(more, stop);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), Code::kResourceExhausted);
  ASSERT_TRUE(backend().Truncate(0, 511));
  Read({42}, 0, 511);
}

TEST_F(DecodeTest, AnInterruptKeepsAPrefixThatCanBeContinued) {
  const std::vector<core::TokenId> prompt(300, 42);
  const auto rows = Rows(prompt, 0);
  std::atomic<bool> stop{true};
  const auto at_once = backend().Run(rows, stop);
  ASSERT_TRUE(at_once);
  EXPECT_EQ(at_once->rows_done, 0U);

  // Set from another thread after some of the work, wherever that falls.
  stop = false;
  std::jthread setter([&] { stop = true; });
  const auto interrupted = backend().Run(rows, stop);
  ASSERT_TRUE(interrupted);
  EXPECT_LE(interrupted->rows_done, rows.size());
  if (interrupted->rows_done < rows.size()) {
    const auto done = static_cast<std::ptrdiff_t>(interrupted->rows_done);
    const auto continued = Read({prompt.begin() + done, prompt.end()}, 0, static_cast<std::int32_t>(done));
    const auto whole = Read(prompt, 1);
    EXPECT_EQ(Best(continued), Best(whole));
  }
}

// Rows of several slots are computed interleaved: what an interrupt leaves must be cut to a prefix.
TEST_F(DecodeTest, AnInterruptOfSeveralSlotsLeavesAPrefix) {
  const std::vector<core::TokenId> prompt(150, 42);
  std::vector<Row> rows = Rows(prompt, 0);
  for (const Row& row : Rows(prompt, 1)) rows.push_back(row);
  rows[149].wants_logits = false;
  std::atomic<bool> stop{false};
  std::jthread setter([&] { stop = true; });
  const auto outcome = backend().Run(rows, stop);
  ASSERT_TRUE(outcome);
  stop = false;
  // Whatever is left must follow on.
  const auto rest = std::span(rows).subspan(std::min(outcome->rows_done, rows.size()));
  if (!rest.empty()) {
    EXPECT_TRUE(backend().Run(rest, stop));
  }
}

}  // namespace
}  // namespace lares::backend::llama
