// SPDX-License-Identifier: Apache-2.0
//
// One llama_context that turns texts into vectors, or into scores where the model ranks. One thread at a
// time. With one thread it computes on the caller's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/llama/embed_shape.h"
#include "backend/llama/handles.h"
#include "backend/llama/row_batch.h"
#include "base/error.h"
#include "core/prompt.h"

namespace lares::backend::llama {

class EmbedContext {
 public:
  using Pooling = GgufSummary::Pooling;
  struct Options {
    EmbedShape shape;
    std::int32_t threads = 1;
    Pooling pooling = Pooling::kMean;
  };
  using Text = std::span<const core::TokenId>;
  using Vector = std::vector<float>;

  // `model` must outlive the result. kResourceExhausted when the memory cannot be had; kUnimplemented when
  // the model is of a kind that this cannot compute.
  static base::Result<std::unique_ptr<EmbedContext>> Open(llama_model* model, const Options& options);

  // A vector of length 1 for each text; of a model that ranks its score, 0..1. At most shape.texts texts,
  // none empty, with shape.rows tokens together, or one text alone. `stopped` is asked between two operations
  // of the model, by a thread that computes: when it says yes, the call ends with kCancelled.
  base::Result<std::vector<Vector>> Compute(std::span<const Text> texts,
                                            const std::function<bool()>& stopped);

 private:
  EmbedContext(llama_model* model, const Options& options, ThreadPoolPtr threads, ContextPtr context);

  static bool Aborted(void* self);
  base::Status ComputeWhole(std::span<const Row> rows, std::vector<Vector>& vectors);
  base::Status ComputeParts(std::span<const Text> texts, std::span<const Row> rows,
                            std::vector<Vector>& vectors);
  base::Status Decode(std::span<const Row> rows);
  base::Status AddTokens(std::span<const Text> texts, std::span<const Row> rows,
                         std::vector<Vector>& vectors);
  bool Counts(std::size_t length, std::size_t position) const;

  const Options options_;
  const std::size_t width_;
  ThreadPoolPtr threads_;
  ContextPtr context_;
  RowBatch batch_;
  const std::function<bool()>* stopped_ = nullptr;  // of the call that runs
};

}  // namespace lares::backend::llama
