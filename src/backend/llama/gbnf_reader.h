// SPDX-License-Identifier: Apache-2.0
//
// Reads a GBNF grammar into rules: strictly, so that the library, which prints what it cannot read, never
// sees a grammar with an error. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "backend/llama/grammar_check.h"
#include "base/error.h"

namespace lares::backend::llama {

inline constexpr std::size_t kGbnfNoMaximum = SIZE_MAX;

// A character, or a use of a rule, `least` to `most` times.
struct GbnfItem {
  bool is_rule = false;
  std::size_t rule = 0;
  std::size_t least = 1;
  std::size_t most = 1;
};
using GbnfSequence = std::vector<GbnfItem>;

struct GbnfRule {
  std::string name;  // empty: a group in parentheses
  bool defined = false;
  std::vector<GbnfSequence> alternatives;
};

struct Gbnf {
  std::vector<GbnfRule> rules;
  std::size_t root = 0;
  std::size_t repetitions = 0;
};

base::Result<Gbnf> ReadGbnf(std::string_view source, const GrammarLimits& limits);

}  // namespace lares::backend::llama
