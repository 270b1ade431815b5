// SPDX-License-Identifier: Apache-2.0
//
// Whether a template's nesting is within what the engine's recursive parser can take. Pure.
#pragma once

#include <string>
#include <vector>

#include <jinja/lexer.h>

namespace lares::backend::llama {

// Empty when it is fine, else what is wrong.
std::string WhyTooDeep(const std::vector<jinja::token>& tokens);

}  // namespace lares::backend::llama
