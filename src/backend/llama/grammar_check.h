// SPDX-License-Identifier: Apache-2.0
//
// A GBNF grammar before the library builds it. The library's engine keeps every way an answer could be read;
// an unlucky or hostile grammar makes their number explode, already when it is built. So this reads the
// grammar itself, bounds size, rules, nesting and repetitions, and counts the ways to begin. Pure; includes
// nothing of the library. (What explodes later, while an answer grows, grammar_constraint.cc stops by its own
// clock.)
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.h"

namespace lares::backend::llama {

struct GrammarLimits {
  std::size_t bytes = 64U << 10U;
  std::size_t rules = 2000;
  std::size_t nesting = 32;          // parentheses
  std::size_t repetitions = 20'000;  // sum of all upper bounds of {n,m}
  std::size_t beginnings = 2'000;    // places within the grammar where the first character may fit
  bool tokens = false;               // may name tokens of the vocabulary: <[42]>, <name>
};

// Grammars that we made of a checked schema may be larger than those a client writes.
inline constexpr GrammarLimits kSchemaGrammarLimits = {.bytes = 4U << 20U,
                                                       .rules = 20'000,
                                                       .nesting = 512,
                                                       .repetitions = 60'000,
                                                       .beginnings = 4'000,
                                                       .tokens = true};

// kInvalidArgument with a sentence. Passing does not mean that the library accepts it.
base::Status CheckGrammar(std::string_view gbnf, const GrammarLimits& limits = {});

}  // namespace lares::backend::llama
