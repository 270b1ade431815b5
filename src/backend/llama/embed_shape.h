// SPDX-License-Identifier: Apache-2.0
//
// How texts are computed that become vectors: what a call takes, and so what its memory is. Pure; includes
// nothing of the library.
#pragma once

#include <cstdint>

#include "backend/llama/gguf_check.h"

namespace lares::backend::llama {

struct EmbedShape {
  std::int32_t max_tokens = 512;  // of one text
  std::int32_t rows = 256;        // of one call
  std::int32_t texts = 256;       // of one call
  // A text must be computed in one call: its tokens see those behind them, or the library pools them. Others
  // may take several.
  bool whole = false;
};

EmbedShape EmbedShapeOf(const GgufSummary& model, std::int32_t max_tokens);

// Of one text, where nobody asked for another number.
std::int32_t DefaultEmbedTokens(const GgufSummary& model);

// Whether it carries a state of fixed size per sequence instead of keys and values.
bool IsRecurrent(const GgufSummary& model);

}  // namespace lares::backend::llama
