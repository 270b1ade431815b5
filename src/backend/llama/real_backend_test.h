// SPDX-License-Identifier: Apache-2.0
//
// One loaded real model for all tests of this executable: loading costs a quarter of a second.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backend/llama/llama_backend.h"
#include "backend/llama/test_model.h"
#include "base/log.h"

namespace lares::backend::llama {

// Null when there is no model on this machine. Small: 4 slots of 512 cells. One thread: with more, threads
// wait for each other all the time, and a test run beside other work takes a hundred times as long.
inline Backend* RealBackend() {
  struct Loaded {
    std::unique_ptr<base::Logger> log = base::Logger::Silent();
    std::unique_ptr<Backend> backend;
    Loaded() {
      const std::string path = TestModelPath();
      if (path.empty()) return;
      auto made = Load({.path = path, .slots = 4, .slot_cells = 512, .threads = 1, .logit_rows = 64}, *log);
      if (!made) ADD_FAILURE() << made.error().message();
      if (made) backend = std::move(*made);
    }
  };
  static Loaded loaded;
  return loaded.backend.get();
}

class RealModelTest : public testing::Test {
 protected:
  void SetUp() override {
    if (RealBackend() == nullptr) GTEST_SKIP() << kNoTestModel;
    for (std::int32_t slot = 0; slot < backend().facts().slots; ++slot) {
      ASSERT_TRUE(backend().Truncate(slot, 0));
    }
  }
  static Backend& backend() { return *RealBackend(); }

  static std::vector<Row> Rows(const std::vector<core::TokenId>& tokens, std::int32_t slot,
                               std::int32_t position = 0) {
    std::vector<Row> rows;
    for (const core::TokenId token : tokens)
      rows.push_back({.token = token, .slot = slot, .position = position++});
    if (!rows.empty()) rows.back().wants_logits = true;
    return rows;
  }

  static std::vector<float> LogitsOf(std::size_t row) {
    const auto logits = backend().Logits(row);
    return {logits.begin(), logits.end()};
  }
  static core::TokenId Best(std::span<const float> logits) {
    return static_cast<core::TokenId>(std::ranges::max_element(logits) - logits.begin());
  }

  // Reads `tokens` into `slot` and gives the logits behind the last.
  static std::vector<float> Read(const std::vector<core::TokenId>& tokens, std::int32_t slot,
                                 std::int32_t position = 0) {
    const auto rows = Rows(tokens, slot, position);
    const std::atomic<bool> stop{false};
    const auto outcome = backend().Run(rows, stop);
    EXPECT_TRUE(outcome) << outcome.error().message();
    return LogitsOf(rows.size() - 1);
  }

  static std::vector<core::TokenId> Tokens(std::string_view text) {
    return backend().Tokenize(text, true, true);
  }
};

}  // namespace lares::backend::llama
