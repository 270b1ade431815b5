// SPDX-License-Identifier: Apache-2.0
//
// A deterministic model without weights: the same interface, the same rules and the same ways to fail as a
// real one, with a step time of one's choosing. Its output depends on every token before it, so that a
// mistake of a scheduler or an engine changes the answer. Breaking the contract of Backend ends the process.
//
// Formats: json_object and json_schema are answered "{}" by grammar, unless a script gives the answer. A
// forced tool call is <tool_call>{"name":"NAME","arguments":{}}</tool_call>, likewise.
// ResponseFormat::kGrammar takes what fake_constraint.h describes.
//
// Threads: as in Backend; the members under "engine thread" check that they are not entered twice at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "backend/fake/fake_memory.h"
#include "backend/fake/fake_model.h"
#include "backend/fake/fake_options.h"

namespace lares::backend {

class FakeBackend final : public Backend {
 public:
  explicit FakeBackend(FakeOptions options = {});

  const Facts& facts() const override { return facts_; }
  std::vector<core::TokenId> Tokenize(std::string_view text, bool add_special,
                                      bool parse_special) const override;
  // Of one that ranks: the more of the query's tokens are in the document, the better it is.
  std::vector<core::TokenId> TokenizePair(std::string_view query, std::string_view document) const override;
  std::string Piece(core::TokenId token, bool special) const override;
  bool EndsGeneration(core::TokenId token) const override;
  std::vector<core::TokenId> EndTokens() const override;
  base::Result<Rendered> Render(const core::GenerateRequest& request) const override;
  base::Result<std::unique_ptr<sampling::Constraint>> MakeConstraint(const Grammar& grammar) const override;
  base::Result<std::vector<std::vector<float>>> Embed(std::span<const std::vector<core::TokenId>> inputs,
                                                      const std::function<bool()>& stopped) override;

  base::Result<RunOutcome> Run(std::span<const Row> rows, const std::atomic<bool>& interrupt) override;
  std::span<const float> Logits(std::size_t row) const override;
  base::Status Truncate(std::int32_t slot, std::int32_t position) override;
  base::Status Copy(std::int32_t from, std::int32_t to, std::int32_t position) override;
  base::Result<SavedState> Save(std::int32_t slot) override;
  base::Status Restore(std::int32_t slot, const SavedState& state) override;

  // Rows of one piece of work: an interrupt is looked at between two of them.
  static constexpr std::size_t kUbatch = 64;

  // For tests, on the engine's thread.
  const FakeMemory& memory() const { return memory_; }
  std::uint64_t runs() const { return runs_; }
  std::uint64_t saves() const { return saves_; }        // that were asked for
  std::uint64_t restores() const { return restores_; }  // that were asked for

 private:
  base::Result<std::vector<core::TokenId>> RenderTokens(const core::GenerateRequest& request) const;
  const RunFault* FaultOfThisRun() const;
  void Compute(const Row& row, std::size_t index);

  const FakeOptions options_;
  const Facts facts_;
  mutable FakeModel model_;  // learns prompts in Render; thread safe
  FakeMemory memory_;
  std::atomic<bool> entered_{false};
  std::uint64_t runs_ = 0, saves_ = 0, restores_ = 0;
  std::vector<float> logits_;                          // rows that wanted them, one after the other
  std::vector<std::optional<std::size_t>> logits_at_;  // per row of the last Run: its place in logits_
};

}  // namespace lares::backend
