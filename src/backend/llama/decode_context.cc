// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/decode_context.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "backend/llama/kv_type.h"
#include "backend/llama/sentence.h"
#include "base/check.h"

namespace lares::backend::llama {
namespace {

// A buffer up to this size is kept between copies.
constexpr std::size_t kKeptCopyBytes = 64U << 20U;

using base::Code;
using base::Fail;

ThreadPoolPtr MakeThreads(std::int32_t count) {
  ggml_threadpool_params params = ggml_threadpool_params_default(count);
  // Spinning buys nothing here (4.08 against 3.91 ms per token) and takes the cores from the I/O threads.
  params.poll = 0;
  return ThreadPoolPtr(ggml_threadpool_new(&params));
}

llama_context_params Params(const ContextOptions& options, ggml_type kv_type) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(options.slots) * static_cast<std::uint32_t>(options.slot_cells);
  params.n_batch = static_cast<std::uint32_t>(options.max_rows);
  params.n_ubatch = static_cast<std::uint32_t>(std::min(options.chunk_rows, options.max_rows));
  params.n_seq_max = static_cast<std::uint32_t>(options.slots);
  // The library reserves scores for this many rows; its default, a whole chunk, costs 100 MB and more.
  params.n_outputs_max = static_cast<std::uint32_t>(std::max(options.logit_rows, options.slots));
  params.n_threads = options.threads;
  params.n_threads_batch = options.threads;
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
  params.type_k = kv_type;
  params.type_v = kv_type;
  params.kv_unified = false;
  params.swa_full = true;  // else a cached prefix of a sliding-window model could not be used again
  params.no_perf = true;
  return params;
}

}  // namespace

base::Result<std::unique_ptr<DecodeContext>> DecodeContext::Open(llama_model* model,
                                                                 const ContextOptions& options) {
  const auto kv_type = KvType(options.kv_type);
  if (!kv_type) return Fail(kv_type.error());
  ThreadPoolPtr threads = MakeThreads(options.threads);
  if (!threads) return Fail(Code::kResourceExhausted, "cannot start the compute threads");
  const llama_context_params params = Params(options, *kv_type);
  ContextPtr context(llama_init_from_model(model, params));
  if (!context) {
    return Fail(Code::kResourceExhausted,
                Sentence("cannot make a context of ", options.slots, " slots with ", options.slot_cells,
                         " cells each: not enough memory, or this model does not support the options; try a "
                         "smaller --ctx-size or --parallel"));
  }
  if (llama_get_memory(context.get()) == nullptr) {
    return Fail(Code::kFailedPrecondition,
                "this model has no memory of what it read: it can embed text, but not generate it");
  }
  llama_attach_threadpool(context.get(), threads.get(), threads.get());
  return std::unique_ptr<DecodeContext>(
      new DecodeContext(model, options, std::move(threads), std::move(context)));
}

DecodeContext::DecodeContext(llama_model* model, const ContextOptions& options, ThreadPoolPtr threads,
                             ContextPtr context)
    : options_(options),
      threads_(std::move(threads)),
      context_(std::move(context)),
      memory_(llama_get_memory(context_.get())),
      batch_(static_cast<std::size_t>(options.max_rows)),
      vocabulary_(llama_vocab_n_tokens(llama_model_get_vocab(model))),
      slot_cells_(static_cast<std::int32_t>(llama_n_ctx_seq(context_.get()))),
      logit_rows_(std::max(options.logit_rows, options.slots)),
      can_truncate_(!llama_model_is_recurrent(model) && !llama_model_is_hybrid(model)) {
  std::int32_t count = 0;
  const llama_token* suppressed = llama_vocab_get_suppress_tokens(llama_model_get_vocab(model), &count);
  suppressed_ = {suppressed, static_cast<std::size_t>(count)};
  llama_set_abort_callback(context_.get(), Aborted, this);
}

bool DecodeContext::Aborted(void* self) {
  const auto& context = *static_cast<DecodeContext*>(self);
  if (context.options_.alive) context.options_.alive();
  const auto* interrupt = context.interrupt_;
  return interrupt != nullptr && interrupt->load(std::memory_order_relaxed);
}

base::Status DecodeContext::CheckSlot(std::int32_t slot) const {
  if (slot < 0 || slot >= options_.slots) {
    return Fail(Code::kInvalidArgument, Sentence("slot ", slot, " is outside 0..", options_.slots - 1));
  }
  return {};
}

base::Status DecodeContext::CheckRows(std::span<const Row> rows) const {
  if (rows.empty() || rows.size() > static_cast<std::size_t>(options_.max_rows)) {
    return Fail(Code::kInvalidArgument,
                Sentence(rows.size(), " rows; a call takes 1 to ", options_.max_rows));
  }
  std::int32_t wanted = 0;
  for (const Row& row : rows) {
    if (auto ok = CheckSlot(row.slot); !ok) return ok;
    if (row.token < 0 || row.token >= vocabulary_) {
      return Fail(Code::kInvalidArgument, Sentence("token ", row.token, " is outside the vocabulary"));
    }
    if (row.position < 0) return Fail(Code::kInvalidArgument, "a row's position is negative");
    if (row.written != rows.front().written) {
      return Fail(Code::kInvalidArgument, "rows that were read and rows that were written in one call");
    }
    wanted += row.wants_logits ? 1 : 0;
  }
  if (wanted > logit_rows_) {
    return Fail(Code::kInvalidArgument, Sentence(wanted, " rows want logits; a call gives ", logit_rows_));
  }
  return {};
}

base::Result<RunOutcome> DecodeContext::Run(std::span<const Row> rows, const std::atomic<bool>& interrupt) {
  logits_.clear();
  if (auto ok = CheckRows(rows); !ok) return Fail(ok.error());
  interrupt_ = &interrupt;
  llama_set_attn_rows(context_.get(), rows.front().written ? LLAMA_ATTN_ROWS_SINGLE : LLAMA_ATTN_ROWS_TILED);
  const std::int32_t code = llama_decode(context_.get(), batch_.Fill(rows));
  // The library computes asynchronously on some devices; what follows must see the end.
  llama_synchronize(context_.get());
  interrupt_ = nullptr;
  return Finish(code, rows);
}

base::Result<RunOutcome> DecodeContext::Finish(std::int32_t code, std::span<const Row> rows) {
  switch (code) {
    case 0:
      ReadLogits(rows);
      return RunOutcome{.rows_done = rows.size()};
    case 1:
      return Fail(Code::kResourceExhausted, "no KV cell is free for this call");
    case 2:
      return AfterInterrupt(rows);
    case -1:
      return Fail(Code::kInternal, "the model library refused the call's rows");
    default:
      return Fail(Code::kInternal, Sentence("the model library failed while computing (code ", code, ")"));
  }
}

void DecodeContext::ReadLogits(std::span<const Row> rows) {
  logits_.assign(rows.size(), nullptr);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].wants_logits) continue;
    // The first getter puts the output rows in order; after the loop, reading is safe from any thread.
    float* row = llama_get_logits_ith(context_.get(), static_cast<std::int32_t>(i));
    LARES_CHECK(row != nullptr);
    for (const llama_token id : suppressed_) row[id] = -INFINITY;
    logits_[i] = row;
  }
}

// The library keeps whole finished parts of the call. Rows of several slots are computed interleaved, so what
// is there need not be a prefix of `rows`: everything behind the first missing row is taken out again. A row
// whose logits were wanted counts as missing, because an interrupted call gives none.
base::Result<RunOutcome> DecodeContext::AfterInterrupt(std::span<const Row> rows) {
  std::size_t done = 0;
  while (done < rows.size() && !rows[done].wants_logits && rows[done].position < Length(rows[done].slot)) {
    ++done;
  }
  for (std::size_t i = done; i < rows.size(); ++i) {
    if (rows[i].position >= Length(rows[i].slot)) continue;
    if (auto ok = Truncate(rows[i].slot, rows[i].position); !ok) return Fail(ok.error());
  }
  return RunOutcome{.rows_done = done};
}

std::int32_t DecodeContext::Length(std::int32_t slot) const {
  return llama_memory_seq_pos_max(memory_, slot) + 1;
}

std::span<const float> DecodeContext::Logits(std::size_t row) const {
  LARES_CHECK(row < logits_.size() && logits_[row] != nullptr);
  return {logits_[row], static_cast<std::size_t>(vocabulary_)};
}

base::Status DecodeContext::Truncate(std::int32_t slot, std::int32_t position) {
  if (auto ok = CheckSlot(slot); !ok) return ok;
  if (position < 0) return Fail(Code::kInvalidArgument, "cannot truncate at a negative position");
  if (position >= Length(slot)) return {};
  if (llama_memory_seq_rm(memory_, slot, position, -1)) return {};
  return Fail(Code::kUnimplemented, Sentence("this model cannot forget a part of what it read (slot ", slot,
                                             ", position ", position, ")"));
}

base::Status DecodeContext::Copy(std::int32_t from, std::int32_t to, std::int32_t position) {
  if (auto ok = CheckSlot(from); !ok) return ok;
  if (auto ok = CheckSlot(to); !ok) return ok;
  if (from == to || Length(to) != 0) {
    return Fail(Code::kInvalidArgument, Sentence("slot ", to, " is not an empty other slot"));
  }
  if (position > Length(from)) {
    return Fail(Code::kInvalidArgument,
                Sentence("slot ", from, " holds ", Length(from), " positions, not ", position));
  }
  if (position <= 0) return {};
  // By way of a buffer: 5 us per token here. The library's own copy between streams takes the whole stream,
  // used or not (16 ms for 8192 cells), touches all of its memory, and happens only with the next call.
  const std::size_t most = llama_state_seq_get_size(context_.get(), from);
  std::uint8_t* buffer = CopyBuffer(most);
  const std::size_t size = llama_state_seq_get_data(context_.get(), buffer, most, from);
  const bool copied = size > 0 && llama_state_seq_set_data(context_.get(), buffer, size, to) > 0;
  if (copy_bytes_ > kKeptCopyBytes) copy_bytes_ = 0, copy_buffer_.reset();
  if (copied) return Truncate(to, position);
  llama_memory_seq_rm(memory_, to, 0, -1);
  return Fail(Code::kInternal, Sentence("cannot copy slot ", from, " to slot ", to));
}

std::uint8_t* DecodeContext::CopyBuffer(std::size_t bytes) {
  if (bytes > copy_bytes_) {
    copy_buffer_ = std::make_unique_for_overwrite<std::uint8_t[]>(bytes);
    copy_bytes_ = bytes;
  }
  return copy_buffer_.get();
}

base::Result<SavedState> DecodeContext::Save(std::int32_t slot) {
  if (auto ok = CheckSlot(slot); !ok) return Fail(ok.error());
  SavedState state;
  state.bytes.resize(llama_state_seq_get_size(context_.get(), slot));
  const std::size_t size =
      llama_state_seq_get_data(context_.get(), state.bytes.data(), state.bytes.size(), slot);
  if (size == 0) return Fail(Code::kInternal, Sentence("cannot save slot ", slot));
  state.bytes.resize(size);
  return state;
}

base::Status DecodeContext::Restore(std::int32_t slot, const SavedState& state) {
  if (auto ok = CheckSlot(slot); !ok) return ok;
  if (Length(slot) != 0) return Fail(Code::kInvalidArgument, Sentence("slot ", slot, " is not empty"));
  if (llama_state_seq_set_data(context_.get(), state.bytes.data(), state.bytes.size(), slot) > 0) return {};
  llama_memory_seq_rm(memory_, slot, 0, -1);
  return Fail(Code::kInvalidArgument, "the saved state does not fit this model and context");
}

}  // namespace lares::backend::llama
