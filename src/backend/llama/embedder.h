// SPDX-License-Identifier: Apache-2.0
//
// Texts as vectors, by a context of its own beside the one that generates: neither waits for the other.
// Thread safe. Calls that come while another is computed are computed together: whose turn it is takes as
// many texts of all that wait as one call of the model holds, in the order of their coming, and whoever has
// more to do than that goes behind the others. So many short texts cost little more than one, and a long list
// holds up nobody.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "backend/llama/embed_context.h"
#include "base/error.h"
#include "core/prompt.h"

namespace lares::backend::llama {

class Embedder {
 public:
  // `model` must outlive this object.
  Embedder(llama_model* model, const EmbedContext::Options& options);

  // Makes the context, which the first call does otherwise. kResourceExhausted without memory. Before any
  // other thread calls.
  base::Status Open();

  // One vector per input, as EmbedContext::Compute. kInvalidArgument when an input is empty, too long (with
  // the numbers) or holds an unknown token; kResourceExhausted without memory; kCancelled soon after
  // `stopped` says yes, which is asked by whichever thread computes.
  base::Result<std::vector<std::vector<float>>> Embed(std::span<const std::vector<core::TokenId>> inputs,
                                                      const std::function<bool()>& stopped);

 private:
  // One call of Embed; on its thread's stack.
  struct Job {
    std::span<const std::vector<core::TokenId>> inputs;
    const std::function<bool()>& stopped;
    std::vector<std::vector<float>> vectors;
    std::size_t taken = 0;     // inputs that were given to the model
    std::size_t computed = 0;  // and have come back
    std::optional<base::Error> error;
    bool over() const { return taken == computed && (error || computed == inputs.size()); }
  };
  // What one call of the model computes.
  struct Batch {
    struct Place {
      Job* job;
      std::size_t input;
    };
    std::vector<EmbedContext::Text> texts;
    std::vector<Place> places;  // of each text
  };

  base::Status CheckInputs(std::span<const std::vector<core::TokenId>> inputs) const;
  Batch TakeBatch();
  base::Result<std::vector<std::vector<float>>> Compute(const Batch& batch);
  void Give(const Batch& batch, base::Result<std::vector<std::vector<float>>> result);
  void ComputeOne(std::unique_lock<std::mutex>& lock);

  llama_model* model_;
  const EmbedContext::Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool computing_ = false;  // a thread is with the context
  std::list<Job*> jobs_;    // with inputs that were not taken
  std::unique_ptr<EmbedContext> context_;
};

}  // namespace lares::backend::llama
