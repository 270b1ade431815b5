// SPDX-License-Identifier: Apache-2.0
//
// A grammar as a sampling::Constraint, by the library's grammar engine.
#pragma once

#include <memory>

#include "backend/backend.h"
#include "backend/llama/vocabulary.h"
#include "sampling/constraint.h"

namespace lares::backend::llama {

// Checks the grammar again (grammar_check.h), so that building it is bounded wherever it comes from.
// `vocabulary` must outlive the result. kInvalidArgument when the grammar cannot be used.
base::Result<std::unique_ptr<sampling::Constraint>> MakeGrammarConstraint(const Vocabulary& vocabulary,
                                                                          const Grammar& grammar);

}  // namespace lares::backend::llama
