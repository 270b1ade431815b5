// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/embedder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "backend/llama/row_batch.h"
#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Error;
using base::Fail;
using base::Result;
using base::Status;
using Inputs = std::span<const std::vector<core::TokenId>>;

// Rows of one call. The library computes the scores of the whole vocabulary for each of them, wanted or not:
// 50 MB and more at this size, eight times that at its usual chunk.
constexpr std::size_t kChunk = 256;
constexpr std::size_t kMaxGroup = 64;  // inputs computed together

llama_context_params Params(const Embedder::Options& options, std::int32_t threads) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(std::max<std::int32_t>(options.max_tokens, kChunk));
  params.n_batch = params.n_ubatch = kChunk;
  params.n_seq_max = kMaxGroup;
  params.n_threads = params.n_threads_batch = threads;
  // Tokens one by one, so that a text of several chunks can be pooled here.
  params.pooling_type = LLAMA_POOLING_TYPE_NONE;
  params.embeddings = true;
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
  params.kv_unified = true;  // short texts share the cells
  params.swa_full = true;
  params.no_perf = true;
  return params;
}

void Normalise(std::vector<float>& vector) {
  double squares = 0.0;
  for (const float x : vector) squares += static_cast<double>(x) * static_cast<double>(x);
  if (squares <= 0.0) return;
  const auto scale = static_cast<float>(1.0 / std::sqrt(squares));
  for (float& x : vector) x *= scale;
}

}  // namespace

Embedder::Embedder(llama_model* model, const Options& options) : model_(model), options_(options) {}

Status Embedder::CheckInputs(Inputs inputs) const {
  const std::int32_t vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model_));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::string param = inputs.size() == 1 ? "input" : Sentence("input[", i, "]");
    if (inputs[i].empty()) return Fail(Error(Code::kInvalidArgument, "the input is empty").WithParam(param));
    if (inputs[i].size() > static_cast<std::size_t>(options_.max_tokens)) {
      return Fail(
          Error(Code::kInvalidArgument, Sentence("the input has ", inputs[i].size(),
                                                 " tokens; this model embeds at most ", options_.max_tokens))
              .WithReason("context_length_exceeded")
              .WithParam(param));
    }
    for (const core::TokenId token : inputs[i]) {
      if (token >= 0 && token < vocabulary) continue;
      return Fail(
          Error(Code::kInvalidArgument, Sentence("token ", token, " is outside this model's vocabulary"))
              .WithParam(param));
    }
  }
  return {};
}

Status Embedder::Open() {
  if (context_) return {};
  const std::int32_t threads = std::max(1, options_.threads / 2);
  ContextPtr context(llama_init_from_model(model_, Params(options_, threads)));
  if (!context || llama_get_memory(context.get()) == nullptr) {
    return Fail(Code::kResourceExhausted, "there is not enough memory to embed texts beside generating");
  }
  if (threads > 1) {
    ggml_threadpool_params params = ggml_threadpool_params_default(threads);
    params.poll = 0;
    threads_.reset(ggml_threadpool_new(&params));
    if (threads_) llama_attach_threadpool(context.get(), threads_.get(), threads_.get());
  }
  context_ = std::move(context);
  llama_set_abort_callback(context_.get(), Aborted, this);
  return {};
}

bool Embedder::Aborted(void* self) {
  const auto* stopped = static_cast<Embedder*>(self)->stopped_;
  return stopped != nullptr && (*stopped)();
}

std::vector<Embedder::Group> Embedder::MakeGroups(Inputs inputs) {
  std::vector<Group> groups;
  std::size_t rows = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool joins =
        !groups.empty() && rows + inputs[i].size() <= kChunk && groups.back().count < kMaxGroup;
    if (joins) {
      ++groups.back().count;
      rows += inputs[i].size();
    } else {
      groups.push_back({.first = i, .count = 1});
      rows = inputs[i].size();
    }
  }
  return groups;
}

Result<std::vector<std::vector<float>>> Embedder::Embed(Inputs inputs, const std::function<bool()>& stopped) {
  if (auto ok = CheckInputs(inputs); !ok) return Fail(ok.error());
  const std::lock_guard lock(mutex_);
  if (auto ok = Open(); !ok) return Fail(ok.error());
  stopped_ = &stopped;
  const auto width = static_cast<std::size_t>(llama_model_n_embd_out(model_));
  std::vector<std::vector<float>> vectors(inputs.size(), std::vector<float>(width, 0.0F));
  for (const Group& group : MakeGroups(inputs)) {
    auto ok =
        Run(inputs.subspan(group.first, group.count), std::span(vectors).subspan(group.first, group.count));
    if (!ok) return Fail(ok.error());
  }
  for (std::vector<float>& vector : vectors) Normalise(vector);
  return vectors;
}

Status Embedder::Run(Inputs inputs, std::span<std::vector<float>> vectors) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    for (std::size_t j = 0; j < inputs[i].size(); ++j) {
      rows.push_back({.token = inputs[i][j],
                      .slot = static_cast<std::int32_t>(i),
                      .position = static_cast<std::int32_t>(j),
                      .wants_logits = true});
    }
  }
  llama_memory_clear(llama_get_memory(context_.get()), /*data=*/false);
  RowBatch batch(kChunk);
  for (std::size_t begin = 0; begin < rows.size(); begin += kChunk) {
    const auto chunk = std::span(rows).subspan(begin, std::min(kChunk, rows.size() - begin));
    if (auto ok = Decode(batch.Fill(chunk)); !ok) return ok;
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const auto slot = static_cast<std::size_t>(chunk[i].slot);
      const float* token = llama_get_embeddings_ith(context_.get(), static_cast<std::int32_t>(i));
      if (token == nullptr) return Fail(Code::kInternal, "the model gives no embeddings");
      Add(inputs[slot].size(), static_cast<std::size_t>(chunk[i].position), {token, vectors[slot].size()},
          vectors[slot]);
    }
  }
  return {};
}

Status Embedder::Decode(const llama_batch& batch) {
  constexpr std::int32_t kAbortedCode = 2;
  const std::int32_t code = Aborted(this) ? kAbortedCode : llama_decode(context_.get(), batch);
  if (code == 0) return {};
  if (code == kAbortedCode) return Fail(Code::kCancelled, "embedding was stopped");
  return Fail(Code::kInternal, "the model library failed while embedding");
}

// The length of the result is made 1 in the end, so that a sum is as good as a mean.
void Embedder::Add(std::size_t length, std::size_t position, std::span<const float> token,
                   std::span<float> vector) const {
  const bool counts = options_.pooling == Pooling::kMean ||
                      (options_.pooling == Pooling::kFirst && position == 0) ||
                      (options_.pooling == Pooling::kLast && position + 1 == length);
  if (!counts) return;
  for (std::size_t i = 0; i < vector.size(); ++i) vector[i] += token[i];
}

Result<Pooling> PoolingOf(const llama_model* model, const std::string& architecture) {
  std::array<char, 32> text{};
  const std::string key = architecture + ".pooling_type";
  if (llama_model_meta_val_str(model, key.c_str(), text.data(), text.size()) < 0) return Pooling::kMean;
  const std::string_view value(text.data());
  if (value == "2") return Pooling::kFirst;
  if (value == "3") return Pooling::kLast;
  if (value == "0" || value == "1") return Pooling::kMean;
  return Fail(Code::kUnimplemented, "this model ranks texts; it does not embed them");
}

}  // namespace lares::backend::llama
