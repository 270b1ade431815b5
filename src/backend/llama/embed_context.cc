// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/embed_context.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using base::Status;
using Pooling = EmbedContext::Pooling;

// A text that needs several calls is pooled here, token by token.
enum llama_pooling_type PoolingOfLibrary(const EmbedContext::Options& options) {
  if (!options.shape.whole) return LLAMA_POOLING_TYPE_NONE;
  switch (options.pooling) {
    case Pooling::kMean:
      return LLAMA_POOLING_TYPE_MEAN;
    case Pooling::kFirst:
      return LLAMA_POOLING_TYPE_CLS;
    case Pooling::kLast:
      return LLAMA_POOLING_TYPE_LAST;
    case Pooling::kRank:
      return LLAMA_POOLING_TYPE_RANK;
  }
  return LLAMA_POOLING_TYPE_NONE;
}

llama_context_params Params(const EmbedContext::Options& options) {
  const EmbedShape& shape = options.shape;
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(std::max(shape.max_tokens, shape.rows));
  params.n_batch = params.n_ubatch = static_cast<std::uint32_t>(shape.rows);
  params.n_seq_max = static_cast<std::uint32_t>(shape.texts);
  params.n_threads = params.n_threads_batch = options.threads;
  params.pooling_type = PoolingOfLibrary(options);
  params.embeddings = true;
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_AUTO;
  params.kv_unified = true;  // short texts share the cells
  params.swa_full = true;
  params.no_perf = true;
  return params;
}

ThreadPoolPtr MakeThreads(std::int32_t count) {
  if (count <= 1) return nullptr;
  ggml_threadpool_params params = ggml_threadpool_params_default(count);
  params.poll = 0;
  return ThreadPoolPtr(ggml_threadpool_new(&params));
}

std::vector<Row> RowsOf(std::span<const EmbedContext::Text> texts) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t j = 0; j < texts[i].size(); ++j) {
      rows.push_back({.token = texts[i][j],
                      .slot = static_cast<std::int32_t>(i),
                      .position = static_cast<std::int32_t>(j),
                      .wants_logits = true});
    }
  }
  return rows;
}

void Normalise(std::vector<float>& vector) {
  double squares = 0.0;
  for (const float x : vector) squares += static_cast<double>(x) * static_cast<double>(x);
  if (squares <= 0.0) return;
  const auto scale = static_cast<float>(1.0 / std::sqrt(squares));
  for (float& x : vector) x *= scale;
}

// Whether the head says how relevant a text is, and not to which of several classes it belongs: it has one
// number, or its first one is for "yes" (Qwen3-Reranker).
bool HeadRanks(const llama_model* model) {
  const char* label = llama_model_n_cls_out(model) > 1 ? llama_model_cls_label(model, 0) : "yes";
  return label != nullptr && std::string_view(label) == "yes";
}

// One number is the odds' logarithm; of several, the library made probabilities, the first for "yes".
float Relevance(std::span<const float> head) {
  return head.size() == 1 ? 1.0F / (1.0F + std::exp(-head[0])) : head[0];
}

}  // namespace

Result<std::unique_ptr<EmbedContext>> EmbedContext::Open(llama_model* model, const Options& options) {
  if (options.pooling == Pooling::kRank && !HeadRanks(model)) {
    return Fail(Code::kUnimplemented,
                "this model sorts texts into classes; it does not say how relevant one is");
  }
  ThreadPoolPtr threads = MakeThreads(options.threads);
  ContextPtr context(llama_init_from_model(model, Params(options)));
  if (!context) {
    return Fail(Code::kResourceExhausted, "there is not enough memory to embed texts, or this model cannot");
  }
  // The library computes a text in one call where the model has no memory of what it read.
  if (llama_get_memory(context.get()) == nullptr && !options.shape.whole) {
    return Fail(Code::kUnimplemented,
                "this model remembers nothing of what it read, though its file says that its attention is "
                "causal");
  }
  if (threads) llama_attach_threadpool(context.get(), threads.get(), threads.get());
  return std::unique_ptr<EmbedContext>(
      new EmbedContext(model, options, std::move(threads), std::move(context)));
}

EmbedContext::EmbedContext(llama_model* model, const Options& options, ThreadPoolPtr threads,
                           ContextPtr context)
    : options_(options),
      width_(static_cast<std::size_t>(options.pooling == Pooling::kRank ? llama_model_n_cls_out(model)
                                                                        : llama_model_n_embd_out(model))),
      threads_(std::move(threads)),
      context_(std::move(context)),
      batch_(static_cast<std::size_t>(options.shape.rows)) {
  llama_set_abort_callback(context_.get(), Aborted, this);
}

bool EmbedContext::Aborted(void* self) {
  const auto* stopped = static_cast<EmbedContext*>(self)->stopped_;
  return stopped != nullptr && (*stopped)();
}

Result<std::vector<EmbedContext::Vector>> EmbedContext::Compute(std::span<const Text> texts,
                                                                const std::function<bool()>& stopped) {
  stopped_ = &stopped;
  if (auto* memory = llama_get_memory(context_.get())) llama_memory_clear(memory, /*data=*/false);
  const std::vector<Row> rows = RowsOf(texts);
  std::vector<Vector> vectors(texts.size(), Vector(width_, 0.0F));
  auto ok = options_.shape.whole ? ComputeWhole(rows, vectors) : ComputeParts(texts, rows, vectors);
  if (!ok) return Fail(ok.error());
  for (Vector& vector : vectors) {
    if (options_.pooling == Pooling::kRank) {
      vector = {Relevance(vector)};
    } else {
      Normalise(vector);
    }
  }
  return vectors;
}

Status EmbedContext::ComputeWhole(std::span<const Row> rows, std::vector<Vector>& vectors) {
  if (auto ok = Decode(rows); !ok) return ok;
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const float* pooled = llama_get_embeddings_seq(context_.get(), static_cast<llama_seq_id>(i));
    if (pooled == nullptr) return Fail(Code::kInternal, "the model gives no embeddings");
    std::copy_n(pooled, width_, vectors[i].begin());
  }
  return {};
}

Status EmbedContext::ComputeParts(std::span<const Text> texts, std::span<const Row> rows,
                                  std::vector<Vector>& vectors) {
  const auto most = static_cast<std::size_t>(options_.shape.rows);
  for (std::size_t begin = 0; begin < rows.size(); begin += most) {
    const auto part = rows.subspan(begin, std::min(most, rows.size() - begin));
    if (auto ok = Decode(part); !ok) return ok;
    if (auto ok = AddTokens(texts, part, vectors); !ok) return ok;
  }
  return {};
}

Status EmbedContext::Decode(std::span<const Row> rows) {
  constexpr std::int32_t kAbortedCode = 2;
  const std::int32_t code = Aborted(this) ? kAbortedCode : llama_decode(context_.get(), batch_.Fill(rows));
  if (code == 0) return {};
  if (code == kAbortedCode) return Fail(Code::kCancelled, "embedding was stopped");
  return Fail(Code::kInternal, "the model library failed while embedding");
}

// The length of the result is made 1 in the end, so that a sum is as good as a mean.
Status EmbedContext::AddTokens(std::span<const Text> texts, std::span<const Row> rows,
                               std::vector<Vector>& vectors) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto text = static_cast<std::size_t>(rows[i].slot);
    if (!Counts(texts[text].size(), static_cast<std::size_t>(rows[i].position))) continue;
    const float* token = llama_get_embeddings_ith(context_.get(), static_cast<std::int32_t>(i));
    if (token == nullptr) return Fail(Code::kInternal, "the model gives no embeddings");
    for (std::size_t j = 0; j < width_; ++j) vectors[text][j] += token[j];
  }
  return {};
}

bool EmbedContext::Counts(std::size_t length, std::size_t position) const {
  switch (options_.pooling) {
    case Pooling::kFirst:
      return position == 0;
    case Pooling::kLast:
      return position + 1 == length;
    case Pooling::kMean:
    case Pooling::kRank:
      break;
  }
  return true;
}

}  // namespace lares::backend::llama
