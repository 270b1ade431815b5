// SPDX-License-Identifier: Apache-2.0
//
// Prompts of a wanted length in tokens: shuffled sentences of real text. Pure, not thread safe.
#pragma once

#include <cstdint>
#include <string>

#include "cli/bench/random.h"
#include "cli/bench/word_table.h"

namespace lares::cli {

class PromptMaker {
 public:
  // `table` must outlive the maker and have sentences.
  PromptMaker(const WordTable& table, std::uint64_t seed) : table_(table), seed_(seed) {}

  // A prompt that shares its beginning with no other of this maker, nor with those of other seeds: it starts
  // with its own number.
  std::string Unique(std::int32_t tokens);

  // The same text for the same number, always.
  std::string Shared(std::uint64_t number, std::int32_t tokens) const;

 private:
  void Fill(std::string& text, double left, Random& random) const;

  const WordTable& table_;
  const std::uint64_t seed_;
  std::uint64_t serial_ = 0;
};

}  // namespace lares::cli
