// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/memory_plan.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "backend/llama/embed_shape.h"
#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Fail;
using base::Result;

constexpr std::int32_t kCellQuantum = 256;  // the model library pads to it
constexpr std::int32_t kDefaultSlots = 8;
constexpr std::int32_t kMostDefaultSlots = 32;
constexpr std::int32_t kDefaultCells = 8192;
constexpr std::int32_t kLeastDefaultCells = 512;
constexpr std::int32_t kMostCells = 1 << 24;
constexpr std::uint64_t kBaseBytes = 24U << 20U;  // code, tables, buffers of the rest
constexpr std::uint64_t kBytesPerToken = 320;     // of the vocabulary, as the library holds it
constexpr std::uint64_t kFloat = 4;
constexpr std::uint64_t kMiB = 1U << 20U;
constexpr std::uint64_t kEmbeddingValueBytes = 2;  // of a number in the KV cache of the context that embeds

std::string Size(std::uint64_t bytes) {
  std::array<char, 32> text{};
  const double gib = static_cast<double>(bytes) / (1024.0 * 1024.0 * 1024.0);
  if (gib >= 1.0) {
    std::snprintf(text.data(), text.size(), "%.1f GiB", gib);
  } else {
    std::snprintf(text.data(), text.size(), "%.0f MiB", gib * 1024.0);
  }
  return text.data();
}

std::int32_t PadCells(std::int32_t cells) { return (cells + kCellQuantum - 1) / kCellQuantum * kCellQuantum; }

// Activations of one call, and its attention mask.
std::uint64_t ActivationBytes(const GgufSummary& model, std::uint64_t rows, std::uint64_t cells) {
  const std::uint64_t width = model.embedding_length;
  const std::uint64_t inner = std::max<std::uint64_t>(model.feed_forward_length, 2 * width);
  return rows * (2 * inner + 6 * width) * kFloat + rows * cells * 2;
}

// Activations of one chunk, and the scores of the rows that want them (computed, and copied out). Fitted to
// what the library reserves; it errs upwards.
std::uint64_t ComputeBytes(const GgufSummary& model, const PlanRequest& request, const MemoryPlan& plan) {
  const auto scores = static_cast<std::uint64_t>(std::max(request.logit_rows, plan.slots));
  return ActivationBytes(model, static_cast<std::uint64_t>(request.chunk_rows),
                         static_cast<std::uint64_t>(plan.slot_cells)) +
         2 * scores * model.vocabulary * kFloat + kBaseBytes + model.vocabulary * kBytesPerToken;
}

// Models without a KV cache carry a state of fixed size per slot instead.
std::uint64_t StateBytes(const GgufSummary& model) {
  return 32ULL * kFloat * model.embedding_length * model.block_count;
}

std::uint64_t SlotBytes(const GgufSummary& model, const MemoryPlan& plan) {
  if (plan.cell_bytes > 0) return static_cast<std::uint64_t>(plan.slot_cells) * plan.cell_bytes;
  return StateBytes(model);
}

bool Generates(const GgufSummary& model) { return model.purpose == core::ModelPurpose::kGenerate; }

std::int32_t WithinTrained(const GgufSummary& model, std::int32_t tokens) {
  const std::uint32_t trained = model.context_length > 0 ? model.context_length : UINT32_MAX;
  return static_cast<std::int32_t>(std::min(static_cast<std::uint32_t>(tokens), trained));
}

// A causal model scores the vocabulary for each of its rows, wanted or not.
std::uint64_t EmbeddingBytes(const GgufSummary& model, const MemoryPlan& plan) {
  const EmbedShape shape = EmbedShapeOf(model, WithinTrained(model, plan.slot_cells));
  const auto rows = static_cast<std::uint64_t>(shape.rows);
  const auto cells = std::max(static_cast<std::uint64_t>(PadCells(shape.max_tokens)), rows);
  if (!model.causal) return ActivationBytes(model, rows, rows) + rows * rows * kFloat;
  const std::uint64_t kv = IsRecurrent(model) ? static_cast<std::uint64_t>(shape.texts) * StateBytes(model)
                                              : cells * model.kv_values_per_token * kEmbeddingValueBytes;
  return kv + ActivationBytes(model, rows, cells) + rows * model.vocabulary * kFloat;
}

void Fill(const GgufSummary& model, const PlanRequest& request, bool embeds, MemoryPlan& plan) {
  plan.embedding_bytes = embeds ? EmbeddingBytes(model, plan) : 0;
  if (!Generates(model)) {
    plan.compute_bytes = kBaseBytes + model.vocabulary * kBytesPerToken;
    return;
  }
  plan.kv_bytes = static_cast<std::uint64_t>(plan.slots) * SlotBytes(model, plan);
  plan.compute_bytes = ComputeBytes(model, request, plan);
}

// Saved states take at most half of what is left: they are worth less than the machine's own caches.
std::uint64_t HostCacheBytes(const HostResources& host, const PlanRequest& request, const MemoryPlan& plan) {
  const std::uint64_t free = plan.cache_apart ? host.memory_beside : host.memory_free;
  if (free == 0) return request.host_cache_bytes;
  const std::uint64_t usable = free - free / 10;
  const std::uint64_t taken = plan.cache_apart ? 0 : plan.needed_bytes();
  const std::uint64_t room = usable > taken ? (usable - taken) / 2 / kMiB * kMiB : 0;
  return std::min(request.host_cache_bytes, room);
}

// Gives up what hurts least, as long as the user left it to us. False when there is nothing left to give.
bool Shrink(const PlanRequest& request, MemoryPlan& plan) {
  const bool slots = request.slots == 0 && plan.slots > 0;
  const bool cells = request.slot_cells == 0;
  if (slots && plan.slots > 4) return plan.slots /= 2, true;
  if (cells && plan.slot_cells > 4096) return plan.slot_cells = PadCells(plan.slot_cells / 2), true;
  if (slots && plan.slots > 1) return plan.slots /= 2, true;
  if (cells && plan.slot_cells > kLeastDefaultCells)
    return plan.slot_cells = PadCells(plan.slot_cells / 2), true;
  return false;
}

base::Status CheckRange(const char* flag, std::int32_t value, std::int32_t low, std::int32_t high) {
  if (value == 0 || (value >= low && value <= high)) return {};
  return Fail(Code::kInvalidArgument, Sentence(flag, " is ", value, "; possible are ", low, " to ", high));
}

base::Status CheckRequest(const PlanRequest& request) {
  if (auto ok = CheckRange("--parallel", request.slots, 1, kMaxSlots); !ok) return ok;
  if (auto ok = CheckRange("--ctx-size", request.slot_cells, kCellQuantum, kMostCells); !ok) return ok;
  return CheckRange("--threads", request.threads, 1, kMaxThreads);
}

std::string OfFree(const HostResources& host, const MemoryPlan& plan) {
  return Sentence("together ", Size(plan.needed_bytes()), " of ", Size(host.memory_free), " free",
                  host.memory_limited ? " below the cgroup's limit" : "");
}

std::string EmbedLine(const PlanRequest& request, const HostResources& host, const MemoryPlan& plan) {
  return Sentence("texts of up to ", plan.slot_cells, " tokens (--ctx-size), ", plan.threads,
                  plan.threads == 1 ? " thread" : " threads", " (--threads), ", request.gpu_layers,
                  " on a GPU (--gpu-layers); memory: weights ", Size(plan.weight_bytes), ", working space ",
                  Size(plan.compute_bytes + plan.embedding_bytes), ", ", OfFree(host, plan));
}

std::string Line(const PlanRequest& request, const HostResources& host, const MemoryPlan& plan) {
  return Sentence("context ", plan.slot_cells, " tokens per request (--ctx-size), ", plan.slots,
                  " requests at once (--parallel), ", plan.threads,
                  plan.threads == 1 ? " thread" : " threads", " (--threads), KV cache ", request.kv_type,
                  " (--kv-type), ", request.gpu_layers, " on a GPU (--gpu-layers); memory: weights ",
                  Size(plan.weight_bytes), ", KV cache up to ", Size(plan.kv_bytes), ", working space ",
                  Size(plan.compute_bytes), ", embeddings ", Size(plan.embedding_bytes),
                  " when first asked for, saved prefixes up to ", Size(plan.host_cache_bytes),
                  " (--host-cache), ", OfFree(host, plan));
}

base::Error TooLittleToEmbed(const HostResources& host, const MemoryPlan& plan) {
  return {
      Code::kResourceExhausted,
      Sentence("this needs about ", Size(plan.needed_bytes()), " of memory (weights ",
               Size(plan.weight_bytes), ", working space ", Size(plan.compute_bytes + plan.embedding_bytes),
               " for texts of up to ", plan.slot_cells, " tokens), but ", Size(host.memory_free), " are free",
               host.memory_limited ? " below the cgroup's limit" : "",
               ": lower --ctx-size, or choose a smaller model")};
}

base::Error TooLittle(const HostResources& host, const PlanRequest& request, const MemoryPlan& plan) {
  const bool asked = request.slots > 0 || request.slot_cells > 0;
  return {Code::kResourceExhausted,
          Sentence("this needs about ", Size(plan.needed_bytes()), " of memory (weights ",
                   Size(plan.weight_bytes), ", KV cache ", Size(plan.kv_bytes), " for ", plan.slots, " x ",
                   plan.slot_cells, " tokens, working space ", Size(plan.compute_bytes), "), but ",
                   Size(host.memory_free), " are free",
                   host.memory_limited ? " below the cgroup's limit" : "", ": ",
                   asked ? "lower --ctx-size or --parallel, choose --kv-type q8_0, or a smaller model"
                         : "choose a smaller model or form (lares models convert), or free memory")};
}

std::string Warning(const GgufSummary& model, const HostResources& host, const PlanRequest& request,
                    const MemoryPlan& plan) {
  if (request.slot_cells > 0 && model.context_length > 0 &&
      static_cast<std::uint32_t>(request.slot_cells) > model.context_length) {
    return Sentence("--ctx-size ", request.slot_cells, " is beyond the ", model.context_length,
                    " tokens that the model was trained on: answers may get worse from there on");
  }
  if (plan.embedding_bytes == 0) {
    return "no memory is left to embed texts beside generating, so that embeddings are refused: lower "
           "--ctx-size "
           "or --parallel if you need them";
  }
  if (plan.threads > host.cpus) {
    return Sentence("--threads ", plan.threads, " is more than the ", host.cpus, " CPUs",
                    host.cpus_limited ? " that the cgroup's quota allows" : " this process may use",
                    ": expect it to be slower");
  }
  return {};
}

std::int32_t ChooseThreads(const HostResources& host, const PlanRequest& request) {
  return request.threads > 0 ? request.threads : std::min(host.cpus, kMaxThreads);
}

std::int32_t ChooseCells(const GgufSummary& model, const PlanRequest& request) {
  const auto trained =
      static_cast<std::int32_t>(std::min<std::uint32_t>(model.context_length, kDefaultCells));
  return PadCells(request.slot_cells > 0 ? request.slot_cells : std::max(trained, kCellQuantum));
}

Result<MemoryPlan> PlanToEmbed(const GgufSummary& model, const HostResources& host,
                               const PlanRequest& request) {
  MemoryPlan plan{.slots = 0,
                  .slot_cells = WithinTrained(
                      model, request.slot_cells > 0 ? request.slot_cells : DefaultEmbedTokens(model)),
                  .threads = ChooseThreads(host, request),
                  .weight_bytes = model.tensor_bytes};
  const std::uint64_t usable = host.memory_free - host.memory_free / 10;
  for (Fill(model, request, true, plan); host.memory_free > 0 && plan.needed_bytes() > usable;
       Fill(model, request, true, plan)) {
    if (!Shrink(request, plan)) return Fail(TooLittleToEmbed(host, plan));
  }
  plan.line = EmbedLine(request, host, plan);
  return plan;
}

}  // namespace

Result<MemoryPlan> PlanMemory(const GgufSummary& model, const HostResources& host,
                              const PlanRequest& request) {
  if (auto ok = CheckRequest(request); !ok) return Fail(ok.error());
  if (!Generates(model)) return PlanToEmbed(model, host, request);
  MemoryPlan plan;
  plan.threads = ChooseThreads(host, request);
  plan.slots =
      request.slots > 0 ? request.slots : std::clamp(4 * host.cpus, kDefaultSlots, kMostDefaultSlots);
  plan.slot_cells = ChooseCells(model, request);
  plan.cell_bytes =
      static_cast<std::uint64_t>(static_cast<double>(model.kv_values_per_token) * request.kv_value_bytes);
  plan.weight_bytes = model.tensor_bytes;
  plan.cache_apart = host.memory_beside > 0;
  const bool known = host.memory_free > 0;
  bool embeds = true;
  // A tenth stays free; of the rest, what we choose ourselves takes at most half beside the weights.
  const std::uint64_t usable = host.memory_free - host.memory_free / 10;
  const auto fits = [&](bool own_choice) {
    Fill(model, request, embeds, plan);
    if (!known || plan.needed_bytes() > usable) return !known;
    return !own_choice || plan.kv_bytes <= (usable - plan.weight_bytes - plan.compute_bytes) / 2;
  };
  while (!fits(true)) {
    if (Shrink(request, plan)) continue;
    if (fits(false)) break;
    if (!std::exchange(embeds, false)) return Fail(TooLittle(host, request, plan));
  }
  plan.host_cache_bytes = HostCacheBytes(host, request, plan);
  plan.line = Line(request, host, plan);
  plan.warning = Warning(model, host, request, plan);
  return plan;
}

}  // namespace lares::backend::llama
