// SPDX-License-Identifier: Apache-2.0
//
// A chat template as a program that cannot run away: parsed within bounds, and with checks put between its
// parts, which watch the RenderBudget of the thread that runs it. The template engine itself has no such
// bounds.
#pragma once

#include <cstddef>
#include <string>

#include <jinja/runtime.h>

#include "base/error.h"

namespace lares::backend::llama {

inline constexpr std::size_t kMaxTemplateBytes = 128U << 10U;

struct GuardedTemplate {
  jinja::program program;
  std::string source;  // as the engine's messages refer to it
};

// kInvalidArgument with a sentence: too large, too deeply nested, or no template.
base::Result<GuardedTemplate> ParseGuarded(const std::string& source);

}  // namespace lares::backend::llama
