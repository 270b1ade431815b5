// SPDX-License-Identifier: Apache-2.0
//
// The engine thread's beginning and end: it loads the model and makes what works with it.
#include <algorithm>
#include <utility>

#include "engine/local/local_engine.h"

namespace lares::engine {

using base::Code;

void LocalEngine::Main() {
  if (Load()) {
    scheduler_ ? Loop() : Rest();
    EndAll(base::Error(Code::kUnavailable, "the server is stopping").WithReason("stopping"));
  }
  const std::lock_guard lock(mutex_);
  if (status_.state != core::EngineState::kFailed) status_.state = core::EngineState::kStopped;
  state_changed_.notify_all();
}

bool LocalEngine::Load() {
  auto loaded = loader_([this](float part) {
    const int percent = static_cast<int>(std::clamp(part, 0.0F, 1.0F) * 100);
    observer_.OnLoading(percent);
    const std::lock_guard lock(mutex_);
    status_.load_percent = percent;
    return !stopping_;
  });
  observer_.OnStepEnd();
  if (!loaded) {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;  // interrupted, not failed
    log_.Error("the model could not be loaded",
               {{"model", options_.model}, {"cause", loaded.error().message()}});
    status_.state = core::EngineState::kFailed;
    status_.failure = loaded.error().message();
    return false;
  }
  backend_ = std::move(*loaded);
  const backend::Facts& facts = backend_->facts();
  room_.emplace(options_.max_waiting + static_cast<std::size_t>(facts.slots));
  if (facts.slots > 0) MakeReadyToGenerate();
  const std::lock_guard lock(mutex_);
  status_.load_percent = 100;
  status_.purpose = facts.purpose;
  status_.architecture = facts.architecture;
  status_.form = facts.form;
  status_.parameters = facts.parameters;
  status_.bytes = facts.weight_bytes;
  status_.planned_bytes = facts.planned_bytes;
  status_.context_tokens = std::min(facts.slot_cells, facts.total_cells);
  status_.training_context = facts.training_context;
  status_.slots = facts.slots;
  status_.has_chat_template = facts.has_chat_template;
  status_.state = core::EngineState::kReady;
  state_changed_.notify_all();
  return true;
}

void LocalEngine::MakeReadyToGenerate() {
  runner_ = std::make_unique<StepRunner>(*backend_, clock_);
  MakeScheduler();
  // They work while the compute threads rest.
  const auto threads = static_cast<std::size_t>(std::max(backend_->facts().threads, 1));
  rows_ = std::make_unique<RowPool>(std::min(threads - 1, options_.most_sampling_helpers));
}

void LocalEngine::MakeScheduler() {
  const backend::Facts& facts = backend_->facts();
  scheduler::Options options;
  options.slots = facts.slots;
  options.slot_cells = facts.slot_cells;
  options.total_cells = facts.total_cells;
  // A decode call has a row for each slot, however small prompts are cut.
  options.max_rows = std::min(facts.max_rows, std::max(options_.prefill_rows, facts.slots));
  options.chunk_quantum = facts.chunk_quantum;
  // Submit counts requests; each may be several sequences. What it let in is never refused here.
  options.max_waiting = room_->places() * static_cast<std::size_t>(core::kMaxChoices);
  options.inter_token_p99 = options_.inter_token_p99;
  options.max_wait = options_.max_wait;
  options.host_cache_bytes = std::min(options_.host_cache_bytes, facts.host_cache_bytes);
  options.cell_bytes = facts.cell_bytes;
  options.can_truncate = facts.can_truncate;
  options.fixed_costs = options_.fixed_costs;
  scheduler_ = std::make_unique<scheduler::Scheduler>(options);
}

}  // namespace lares::engine
