// SPDX-License-Identifier: Apache-2.0
//
// Owners of llama.cpp's C objects. A context must be freed before its thread pool and its model.
#pragma once

#include <memory>

#include <ggml-cpu.h>
#include <llama.h>

namespace lares::backend::llama {

struct ModelDeleter {
  void operator()(llama_model* p) const { llama_model_free(p); }
};
struct ContextDeleter {
  void operator()(llama_context* p) const { llama_free(p); }
};
struct ThreadPoolDeleter {
  void operator()(ggml_threadpool* p) const { ggml_threadpool_free(p); }
};
struct SamplerDeleter {
  void operator()(llama_sampler* p) const { llama_sampler_free(p); }
};

using ModelPtr = std::unique_ptr<llama_model, ModelDeleter>;
using ContextPtr = std::unique_ptr<llama_context, ContextDeleter>;
using ThreadPoolPtr = std::unique_ptr<ggml_threadpool, ThreadPoolDeleter>;
using SamplerPtr = std::unique_ptr<llama_sampler, SamplerDeleter>;

}  // namespace lares::backend::llama
