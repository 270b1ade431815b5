// SPDX-License-Identifier: Apache-2.0
//
// Texts as vectors, by a context of its own beside the one that generates: neither waits for the other. Made
// at first use. Thread safe: calls take turns.
//
// It computes on the calling thread, and on more only when the machine has more than two CPUs for us: a heavy
// pool at a low priority then keeps it from hurting those who wait for tokens.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "backend/llama/handles.h"
#include "base/error.h"
#include "core/prompt.h"

namespace lares::backend::llama {

// How a text's tokens become one vector: as the file says, else the mean.
enum class Pooling : std::uint8_t { kMean, kFirst, kLast };

class Embedder {
 public:
  struct Options {
    std::int32_t max_tokens = 512;  // of one input
    std::int32_t threads = 1;       // of the whole backend
    Pooling pooling = Pooling::kMean;
  };

  // `model` must outlive this object.
  Embedder(llama_model* model, const Options& options);

  // One vector per input, of length 1. kInvalidArgument when an input is empty, too long (with the numbers)
  // or holds an unknown token; kResourceExhausted without memory; kCancelled soon after `stopped` says yes.
  base::Result<std::vector<std::vector<float>>> Embed(std::span<const std::vector<core::TokenId>> inputs,
                                                      const std::function<bool()>& stopped);

 private:
  // Several short inputs, or one of any length.
  struct Group {
    std::size_t first = 0;
    std::size_t count = 0;
  };

  base::Status CheckInputs(std::span<const std::vector<core::TokenId>> inputs) const;
  base::Status Open();
  static std::vector<Group> MakeGroups(std::span<const std::vector<core::TokenId>> inputs);
  base::Status Run(std::span<const std::vector<core::TokenId>> inputs, std::span<std::vector<float>> vectors);
  base::Status Decode(const llama_batch& batch);
  static bool Aborted(void* self);  // the library asks between two operations
  void Add(std::size_t length, std::size_t position, std::span<const float> token,
           std::span<float> vector) const;

  llama_model* model_;
  Options options_;
  std::mutex mutex_;
  const std::function<bool()>* stopped_ = nullptr;  // of the call that runs
  ThreadPoolPtr threads_;
  ContextPtr context_;
};

// Of a file's {architecture}.pooling_type.
base::Result<Pooling> PoolingOf(const llama_model* model, const std::string& architecture);

}  // namespace lares::backend::llama
