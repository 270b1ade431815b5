// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/embed_shape.h"

#include <algorithm>

namespace lares::backend::llama {
namespace {

// Where the library also computes the scores of the whole vocabulary for each row, wanted or not: 50 MB and
// more at this size, eight times that at its usual chunk.
constexpr std::int32_t kScoredRows = 256;
// Where it does not. Every row of a call looks at every other one, of whichever text: more rows are slower.
constexpr std::int32_t kRows = 512;
constexpr std::int32_t kTexts = 256;          // of the model library
constexpr std::int32_t kRecurrentTexts = 64;  // each has a state, used or not

constexpr std::int32_t kDefaultTokens = 8192;
constexpr std::int32_t kDefaultScoredTokens = 2048;

bool ScoresVocabulary(const GgufSummary& model) { return model.causal; }

bool IsWhole(const GgufSummary& model) { return !model.causal || model.purpose == core::ModelPurpose::kRank; }

}  // namespace

bool IsRecurrent(const GgufSummary& model) { return model.kv_values_per_token == 0; }

EmbedShape EmbedShapeOf(const GgufSummary& model, std::int32_t max_tokens) {
  EmbedShape shape{.max_tokens = max_tokens,
                   .rows = ScoresVocabulary(model) ? kScoredRows : kRows,
                   .texts = IsRecurrent(model) ? kRecurrentTexts : kTexts,
                   .whole = IsWhole(model)};
  if (shape.whole) shape.rows = std::max(shape.rows, max_tokens);
  return shape;
}

std::int32_t DefaultEmbedTokens(const GgufSummary& model) {
  const bool costly = IsWhole(model) && ScoresVocabulary(model);
  const std::int32_t most = costly ? kDefaultScoredTokens : kDefaultTokens;
  if (model.context_length == 0) return most;
  return static_cast<std::int32_t>(std::min(model.context_length, static_cast<std::uint32_t>(most)));
}

}  // namespace lares::backend::llama
