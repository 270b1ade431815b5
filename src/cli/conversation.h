// SPDX-License-Identifier: Apache-2.0
//
// What was said so far in a chat, and what of it still fits. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/run_options.h"

namespace lares::cli {

struct Turn {
  std::string user;
  std::string assistant;
};

class Conversation {
 public:
  explicit Conversation(std::string system) : system_(std::move(system)) {}

  void SetSystem(std::string system) { system_ = std::move(system); }
  const std::string& system() const { return system_; }
  const std::vector<Turn>& turns() const { return turns_; }
  void Clear();

  void Ask(std::string user) { turns_.push_back({.user = std::move(user), .assistant = {}}); }
  // The answer to the last question, also when it was cut short.
  void Answer(std::string assistant);
  // Takes the last question back: it was never answered.
  void Unask();

  // The server's count of everything up to and including the last answer; later sizes are estimated from it.
  void Measured(std::int64_t tokens);
  std::optional<std::int64_t> EstimatedTokens() const;

  // Drops the oldest turns until the estimate leaves a quarter of `context` free for the answer. Never the
  // last turn. Answers how many went.
  std::size_t FitInto(std::int64_t context);
  // Drops the oldest turn, unless it is the last.
  bool DropOldest();

  // Request for /v1/chat/completions, as JSON.
  std::string Body(const RunOptions& options, bool stream) const;

  std::string AsMarkdown() const;
  std::string AsJson() const;

 private:
  std::size_t Bytes() const;

  std::string system_;
  std::vector<Turn> turns_;
  double tokens_per_byte_ = 0;  // 0: nothing was measured yet
};

}  // namespace lares::cli
