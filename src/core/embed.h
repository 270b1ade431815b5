// SPDX-License-Identifier: Apache-2.0
//
// A request for embeddings and its answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/principal.h"
#include "core/prompt.h"

namespace lares::core {

struct EmbedRequest {
  std::string id;
  std::string model;
  Principal principal;
  std::vector<Prompt> inputs;  // text or tokens
  std::optional<base::Time> deadline;
};

struct EmbedAnswer {
  std::vector<std::vector<float>> vectors;  // L2-normalised, one per input, in order
  std::int32_t prompt_tokens = 0;
};

}  // namespace lares::core
