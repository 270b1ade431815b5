// SPDX-License-Identifier: Apache-2.0
//
// Requests for embeddings and for a ranking, and their answers.
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

struct RankRequest {
  std::string id;
  std::string model;
  Principal principal;
  std::string query;
  std::vector<std::string> documents;
  std::optional<base::Time> deadline;
};

struct RankAnswer {
  // One per document, in order; more is better. From a model that ranks 0..1, from one that embeds the cosine
  // of query and document.
  std::vector<float> scores;
  std::int32_t prompt_tokens = 0;
};

}  // namespace lares::core
