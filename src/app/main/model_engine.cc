// SPDX-License-Identifier: Apache-2.0
#include "app/main/model_engine.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <span>
#include <sstream>
#include <thread>

#include "app/fake_model_path.h"
#include "backend/fake/fake_backend.h"
#include "backend/llama/llama_backend.h"

namespace lares::app {
namespace {

using base::Code;

constexpr std::uintmax_t kMaxTemplateBytes = 1 << 20;
constexpr std::chrono::milliseconds kLoadPoll{5};

base::Result<std::string> ReadTemplate(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error)
    return base::Fail(Code::kNotFound, "cannot read the chat template " + path + ": " + error.message());
  if (size > kMaxTemplateBytes) {
    return base::Fail(Code::kInvalidArgument, "the chat template " + path + " is larger than 1 MiB");
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

engine::Loader FakeLoader(const FakeModelOptions& options) {
  return [options](const auto& progress) -> base::Result<std::unique_ptr<backend::Backend>> {
    while (!options.load.empty() && !std::filesystem::exists(options.load)) {
      if (!progress(0.5F)) return base::Fail(Code::kCancelled, "stopped while loading");
      std::this_thread::sleep_for(kLoadPoll);
    }
    backend::FakeOptions fake;
    fake.purpose = options.purpose;
    fake.planned_bytes = options.memory;
    fake.slots = options.slots;
    fake.slot_cells = options.context;
    fake.max_rows = std::max(fake.max_rows, options.slots);  // a decode call has one for each
    fake.answer_tokens = options.answer;
    fake.real_time = true;
    fake.step_time = [options](std::size_t rows, std::int32_t) {
      return options.step +
             options.per_row * static_cast<std::int64_t>(rows - std::min<std::size_t>(rows, 1));
    };
    fake.before_run = [poison = options.poison](std::span<const backend::Row> rows) {
      if (std::ranges::any_of(rows, [&](const backend::Row& row) { return row.token == poison; }))
        std::abort();
    };
    return std::make_unique<backend::FakeBackend>(fake);
  };
}

engine::Loader LlamaLoader(backend::llama::LoadOptions options, std::string chat_template, base::Logger& log,
                           engine::Observer& observer) {
  options.chat_template = std::move(chat_template);
  options.alive = [&observer] { observer.OnAlive(); };
  return [options, &log](const std::function<bool(float)>& progress) {
    auto with_progress = options;
    with_progress.progress = progress;
    return backend::llama::Load(with_progress, log);
  };
}

}  // namespace

backend::llama::LoadOptions LoadOptionsOf(const ModelSettings& model, const SchedulingSettings& scheduling) {
  backend::llama::LoadOptions options;
  options.path = model.path;
  options.slots = model.parallel;
  options.slot_cells = model.context;
  options.threads = model.threads;
  options.gpu_layers = model.gpu_layers;
  options.kv_type = model.kv_type;
  options.chunk_rows = scheduling.prefill_rows;
  options.host_cache_bytes = scheduling.host_cache;
  return options;
}

base::Result<std::shared_ptr<engine::LocalEngine>> MakeEngine(const Config& config,
                                                              const core::ModelSpec& spec, Foundations on) {
  engine::LocalOptions options;
  options.model = spec.name;
  options.max_waiting = static_cast<std::size_t>(config.scheduling.queue);
  options.default_max_new = config.scheduling.max_tokens > 0 ? config.scheduling.max_tokens
                                                             : std::numeric_limits<std::int32_t>::max();
  options.prefill_rows = config.scheduling.prefill_rows;
  options.host_cache_bytes = config.scheduling.host_cache;
  options.inter_token_p99 = config.scheduling.itl_p99;
  options.max_wait = config.scheduling.max_wait;
  options.fixed_costs = config.scheduling.fixed_costs;

  engine::Loader loader;
  if (IsFakeModel(config.model.path)) {
    auto fake = ParseFakeModel(config.model.path);
    if (!fake) return base::Fail(fake.error());
    loader = FakeLoader(*fake);
  } else {
    std::string chat_template;
    if (!config.model.chat_template.empty()) {
      auto text = ReadTemplate(config.model.chat_template);
      if (!text) return base::Fail(text.error());
      chat_template = std::move(*text);
    }
    loader = LlamaLoader(LoadOptionsOf(config.model, config.scheduling), std::move(chat_template), on.log,
                         on.observer);
  }
  return std::make_shared<engine::LocalEngine>(options, std::move(loader), on.heavy, on.clock, on.observer,
                                               on.log);
}

}  // namespace lares::app
