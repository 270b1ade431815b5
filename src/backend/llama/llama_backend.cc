// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/llama_backend.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "backend/llama/chat_format.h"
#include "backend/llama/decode_context.h"
#include "backend/llama/device_memory.h"
#include "backend/llama/embedder.h"
#include "backend/llama/gguf_check.h"
#include "backend/llama/grammar_constraint.h"
#include "backend/llama/host_resources.h"
#include "backend/llama/kv_type.h"
#include "backend/llama/log_bridge.h"
#include "backend/llama/memory_plan.h"
#include "backend/llama/model_file.h"
#include "backend/llama/prompt_renderer.h"
#include "backend/llama/sentence.h"
#include "backend/llama/vocabulary.h"

namespace lares::backend::llama {
namespace {

using base::Fail;
using base::Result;
using base::Status;

class LlamaBackend final : public Backend {
 public:
  LlamaBackend(std::unique_ptr<LogBridge> log, ModelPtr model, std::unique_ptr<DecodeContext> context,
               std::unique_ptr<ChatFormat> chat, Facts facts, Result<std::unique_ptr<Embedder>> embedder)
      : log_(std::move(log)),
        model_(std::move(model)),
        vocabulary_(model_.get()),
        context_(std::move(context)),
        renderer_(vocabulary_, std::move(chat)),
        facts_(std::move(facts)),
        embedder_(std::move(embedder)) {}

  const Facts& facts() const override { return facts_; }
  std::vector<core::TokenId> Tokenize(std::string_view text, bool add_special,
                                      bool parse_special) const override {
    return vocabulary_.Tokenize(text, add_special, parse_special);
  }
  std::vector<core::TokenId> TokenizePair(std::string_view query, std::string_view document) const override {
    return vocabulary_.TokenizePair(query, document);
  }
  std::string Piece(core::TokenId token, bool special) const override {
    return vocabulary_.Piece(token, special);
  }
  bool EndsGeneration(core::TokenId token) const override { return vocabulary_.EndsGeneration(token); }
  std::vector<core::TokenId> EndTokens() const override { return vocabulary_.end_tokens(); }

  Result<Rendered> Render(const core::GenerateRequest& request) const override {
    return renderer_.Render(request);
  }
  Result<std::unique_ptr<sampling::Constraint>> MakeConstraint(const Grammar& grammar) const override {
    return MakeGrammarConstraint(vocabulary_, grammar);
  }
  Result<std::vector<std::vector<float>>> Embed(std::span<const std::vector<core::TokenId>> inputs,
                                                const std::function<bool()>& stopped) override {
    if (!embedder_) return Fail(embedder_.error());
    return (*embedder_)->Embed(inputs, stopped);
  }

  Result<RunOutcome> Run(std::span<const Row> rows, const std::atomic<bool>& interrupt) override {
    return context_->Run(rows, interrupt);
  }
  std::span<const float> Logits(std::size_t row) const override { return context_->Logits(row); }
  Status Truncate(std::int32_t slot, std::int32_t position) override {
    return context_->Truncate(slot, position);
  }
  Status Copy(std::int32_t from, std::int32_t to, std::int32_t position) override {
    return context_->Copy(from, to, position);
  }
  Result<SavedState> Save(std::int32_t slot) override { return context_->Save(slot); }
  Status Restore(std::int32_t slot, const SavedState& state) override {
    return context_->Restore(slot, state);
  }

 private:
  // Destroyed from the bottom up: the context before the model, the log last.
  std::unique_ptr<LogBridge> log_;
  ModelPtr model_;
  Vocabulary vocabulary_;
  std::unique_ptr<DecodeContext> context_;
  PromptRenderer renderer_;
  Facts facts_;
  Result<std::unique_ptr<Embedder>> embedder_;
};

Facts FactsOf(const GgufSummary& file, const MemoryPlan& plan, const llama_model* model,
              bool has_chat_template) {
  Facts facts;
  facts.purpose = file.purpose;
  facts.architecture = file.architecture;
  facts.form = file.form;
  facts.parameters = file.parameters;
  facts.weight_bytes = file.tensor_bytes;
  facts.planned_bytes = plan.needed_bytes();
  facts.vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model));
  facts.training_context = llama_model_n_ctx_train(model);
  facts.slots = plan.slots;
  facts.slot_cells = facts.total_cells = plan.slot_cells;
  facts.threads = plan.threads;
  facts.has_chat_template = has_chat_template;
  return facts;
}

void AddContextFacts(const MemoryPlan& plan, const DecodeContext& context, Facts& facts) {
  facts.slot_cells = context.slot_cells();
  facts.total_cells = facts.slots * facts.slot_cells;
  facts.max_rows = context.max_rows();
  facts.cell_bytes = plan.cell_bytes;
  facts.host_cache_bytes = plan.host_cache_bytes;
  facts.can_truncate = context.can_truncate();
}

Result<std::unique_ptr<Embedder>> MakeEmbedder(const GgufSummary& file, const MemoryPlan& plan,
                                               llama_model* model) {
  if (plan.embedding_bytes == 0) {
    return Fail(base::Code::kUnimplemented,
                "no memory is left on this server to embed texts beside generating: start it with a lower "
                "--ctx-size or --parallel");
  }
  const std::int32_t most = std::min(plan.slot_cells, llama_model_n_ctx_train(model));
  // Beside a model that generates, half of the CPUs are those tokens'.
  const std::int32_t threads = plan.slots > 0 ? std::max(1, plan.threads / 2) : plan.threads;
  return std::make_unique<Embedder>(
      model,
      EmbedContext::Options{.shape = EmbedShapeOf(file, most), .threads = threads, .pooling = file.pooling});
}

// On a GPU its own memory is what counts.
HostResources Resources(const LoadOptions& options) {
  HostResources host = ReadHostResources();
  if (options.gpu_layers == 0) return host;
  std::uint64_t free_on_devices = 0;
  for (const DeviceMemory& device : ReadDeviceMemory()) free_on_devices += device.free;
  if (free_on_devices > 0) host.memory_beside = std::exchange(host.memory_free, free_on_devices);
  return host;
}

std::string GpuLayers(const LoadOptions& options) {
  if (options.gpu_layers == 0 || !llama_supports_gpu_offload()) return "no layer";
  return options.gpu_layers < 0 ? "all layers" : Sentence("up to ", options.gpu_layers, " layers");
}

Result<MemoryPlan> Plan(const GgufSummary& file, const LoadOptions& options, const HostResources& host) {
  const auto kv_type = KvType(options.kv_type);
  if (!kv_type) return Fail(kv_type.error());
  return PlanMemory(file, host,
                    {.slots = options.slots,
                     .slot_cells = options.slot_cells,
                     .threads = options.threads,
                     .chunk_rows = options.chunk_rows,
                     .logit_rows = options.logit_rows,
                     .kv_value_bytes = KvValueBytes(*kv_type),
                     .host_cache_bytes = options.host_cache_bytes,
                     .kv_type = options.kv_type,
                     .gpu_layers = GpuLayers(options)});
}

Result<std::unique_ptr<DecodeContext>> OpenContext(const LoadOptions& options, const MemoryPlan& plan,
                                                   llama_model* model) {
  return DecodeContext::Open(model, {.slots = plan.slots,
                                     .slot_cells = plan.slot_cells,
                                     .max_rows = options.max_rows,
                                     .chunk_rows = options.chunk_rows,
                                     .logit_rows = options.logit_rows,
                                     .threads = plan.threads,
                                     .kv_type = options.kv_type,
                                     .alive = options.alive});
}

}  // namespace

Result<MemoryPlan> PlanLoad(const LoadOptions& options, std::uint64_t memory_free,
                            std::uint64_t memory_beside) {
  const auto file = CheckGgufFile(options.path);
  if (!file) return Fail(file.error());
  HostResources host = ReadHostResources();
  host.memory_free = memory_free;
  host.memory_beside = memory_beside;
  return Plan(*file, options, host);
}

Result<std::unique_ptr<Backend>> Load(const LoadOptions& options, base::Logger& logger) {
  const auto file = CheckGgufFile(options.path);
  if (!file) return Fail(file.error());
  const auto plan = Plan(*file, options, Resources(options));
  if (!plan) return Fail(plan.error());
  logger.Info(plan->line);
  if (!plan->warning.empty()) logger.Warning(plan->warning);
  auto log = std::make_unique<LogBridge>(logger);
  auto model = ReadModel(options.path, options.gpu_layers, options.progress);
  if (!model) return Fail(model.error());
  auto chat = ChatFormat::Make(model->get(), options.chat_template);
  if (!chat) return Fail(chat.error());
  Facts facts = FactsOf(*file, *plan, model->get(), *chat != nullptr);
  auto embedder = MakeEmbedder(*file, *plan, model->get());
  std::unique_ptr<DecodeContext> context;
  if (facts.purpose == core::ModelPurpose::kGenerate) {
    auto opened = OpenContext(options, *plan, model->get());
    if (!opened) return Fail(opened.error());
    context = std::move(*opened);
    AddContextFacts(*plan, *context, facts);
  } else if (auto opened = (*embedder)->Open(); !opened) {
    return Fail(opened.error());
  }
  return std::make_unique<LlamaBackend>(std::move(log), std::move(*model), std::move(context),
                                        std::move(*chat), std::move(facts), std::move(embedder));
}

}  // namespace lares::backend::llama
