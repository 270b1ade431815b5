// SPDX-License-Identifier: Apache-2.0
//
// The engine thread: load, then drain, plan, run, apply until told to stop.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/check.h"
#include "engine/local/local_engine.h"

namespace lares::engine {

using base::Code;

void LocalEngine::Main() {
  if (Load()) {
    Loop();
    EndAll(base::Error(Code::kUnavailable, "the server is stopping").WithReason("stopping"));
  }
  const std::lock_guard lock(mutex_);
  if (status_.state != core::EngineState::kFailed) status_.state = core::EngineState::kStopped;
  state_changed_.notify_all();
}

bool LocalEngine::Load() {
  auto loaded = loader_([this](float part) {
    const std::lock_guard lock(mutex_);
    status_.load_percent = static_cast<int>(std::clamp(part, 0.0F, 1.0F) * 100);
    return !stopping_;
  });
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
  runner_ = std::make_unique<StepRunner>(*backend_, clock_);
  MakeScheduler();
  const backend::Facts& facts = backend_->facts();
  const std::lock_guard lock(mutex_);
  status_.load_percent = 100;
  status_.architecture = facts.architecture;
  status_.form = facts.form;
  status_.parameters = facts.parameters;
  status_.bytes = facts.weight_bytes;
  status_.context_tokens = facts.slot_cells;
  status_.training_context = facts.training_context;
  status_.slots = facts.slots;
  status_.has_chat_template = facts.has_chat_template;
  status_.state = core::EngineState::kReady;
  state_changed_.notify_all();
  return true;
}

void LocalEngine::MakeScheduler() {
  const backend::Facts& facts = backend_->facts();
  scheduler::Options options;
  options.slots = facts.slots;
  options.slot_cells = facts.slot_cells;
  options.total_cells = facts.total_cells;
  options.max_rows = std::min(facts.max_rows, options_.prefill_rows);
  options.chunk_quantum = facts.chunk_quantum;
  // Each waiting request may be several sequences.
  options.max_waiting = options_.max_waiting + static_cast<std::size_t>(core::kMaxChoices);
  options.inter_token_p99 = options_.inter_token_p99;
  options.host_cache_bytes = options_.host_cache_bytes;
  options.cell_bytes = facts.cell_bytes;
  options.can_truncate = facts.can_truncate;
  options.fixed_costs = options_.fixed_costs;
  scheduler_ = std::make_unique<scheduler::Scheduler>(options);
}

void LocalEngine::Loop() {
  while (true) {
    Drain();
    const base::Time now = clock_.Now();
    EndExpired(now);
    const scheduler::Step step = scheduler_->Plan(now);
    outbox_.Flush();
    if (step.idle()) {
      PublishStatus();
      std::unique_lock lock(mutex_);
      if (stopping_) return;
      wake_.wait(lock, [this] { return stopping_ || !inbox_.empty() || !cancels_.empty(); });
      continue;
    }
    RunStep(step);
    PublishStatus();
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
}

void LocalEngine::Drain() {
  std::vector<Active> arrived, cancelled;
  {
    const std::lock_guard lock(mutex_);
    arrived.swap(inbox_);
    cancelled.swap(cancels_);
    interrupt_ = stopping_;
  }
  for (const Active& active : arrived) StartRequest(active);
  for (const Active& active : cancelled) CancelRequest(active);
}

void LocalEngine::StartRequest(const Active& active) {
  auto& prepared = *active->prepared;
  if (active->cancelled) return;  // its cancel ends it
  if (!prepared) return End(active, prepared.error());
  active->usage.prompt_tokens = static_cast<std::int32_t>(prepared->prompt.size());
  for (std::size_t i = 0; i < prepared->choices.size(); ++i) {
    ActiveChoice choice;
    choice.sequence = next_sequence_++;
    choice.writer = std::move(prepared->choices[i]);
    choice.symbols = prepared->prompt;
    for (const core::TokenId id : prepared->produced[i]) choice.symbols.push_back(core::Symbol::Token(id));
    choice.done = choice.writer->finished();
    active->choices.push_back(std::move(choice));
  }
  active->choices_left = active->choices.size();
  const base::Time now = clock_.Now();
  outbox_.Add(active->sink, core::Admitted{active->request.id, active->usage.prompt_tokens});
  for (std::size_t i = 0; i < active->choices.size(); ++i) {
    ActiveChoice& choice = active->choices[i];
    if (choice.done) {  // a continuation that had come to its end already
      core::Delta end{.request = active->request.id, .choice = static_cast<std::int32_t>(i)};
      end.finish = choice.writer->finish();
      outbox_.Add(active->sink, std::move(end));
      if (--active->choices_left == 0) return End(active, std::nullopt);
      continue;
    }
    scheduler::Sequence sequence{.id = choice.sequence,
                                 .symbols = choice.symbols,
                                 .max_new = prepared->max_new - choice.writer->produced(),
                                 .salt = prepared->salt,
                                 .tenant = active->request.principal.tenant,
                                 .service_class = active->request.service_class};
    sequences_[choice.sequence] = {active, i};
    if (auto admitted = scheduler_->Admit(std::move(sequence), now); !admitted) {
      sequences_.erase(choice.sequence);
      return End(active, admitted.error());
    }
  }
}

void LocalEngine::CancelRequest(const Active& active) {
  End(active, base::Error(Code::kCancelled, "the client went away"));
}

void LocalEngine::EndExpired(base::Time now) {
  std::unordered_set<Active> expired;
  for (const auto& [id, ref] : sequences_) {
    const auto& deadline = ref.request->request.deadline;
    if (deadline && now >= *deadline) expired.insert(ref.request);
  }
  for (const Active& active : expired) {
    End(active, base::Error(Code::kDeadlineExceeded, "the request's deadline has passed"));
  }
}

void LocalEngine::RunStep(const scheduler::Step& step) {
  {
    const std::lock_guard lock(mutex_);
    alone_in_prefill_.clear();
    if (step.interruptible && step.prefill.size() == 1) {
      alone_in_prefill_ = sequences_.at(step.prefill.front().sequence).request->request.id;
    }
  }
  const base::Time now = clock_.Now();
  for (const scheduler::PrefillChunk& chunk : step.prefill) {
    const Active& active = sequences_.at(chunk.sequence).request;
    if (std::exchange(active->started, true)) continue;
    active->timings.queued = now - active->submitted;
  }
  call_started_ns_ = now.time_since_epoch().count();
  auto result = runner_->Run(
      step,
      [this](scheduler::SequenceId id) -> std::span<const core::Symbol> {
        const SequenceRef& ref = sequences_.at(id);
        return ref.request->choices[ref.choice].symbols;
      },
      [this](std::span<const StepRunner::Yield> yields, scheduler::StepResult& partial) {
        OnYields(yields, partial);
      },
      interrupt_);
  call_started_ns_ = 0;
  if (!result) return Recover(result.error());
  ++steps_;
  metrics_.OnStep(step, *result);
  scheduler_->Apply(*result, clock_.Now());
  // Ends are told after Apply, so that the scheduler's numbers are final.
  std::vector<Active> ended;
  for (const scheduler::Produced& produced : result->produced) {
    if (!produced.finished) continue;
    const auto found = sequences_.find(produced.sequence);
    LARES_CHECK(found != sequences_.end());
    const Active active = found->second.request;
    if (found->second.choice == 0) {
      active->usage.cached_tokens = scheduler_->stats_of(produced.sequence).cached_symbols;
    }
    active->timings.preemptions += scheduler_->stats_of(produced.sequence).preemptions;
    sequences_.erase(found);
    if (--active->choices_left == 0) ended.push_back(active);
  }
  for (const Active& active : ended) End(active, std::nullopt);
  outbox_.Flush();
}

// After each call of a step: one token per yielding row, its events sent before the next call runs.
void LocalEngine::OnYields(std::span<const StepRunner::Yield> yields, scheduler::StepResult& result) {
  std::vector<Choice::Advance> advances(yields.size());
  const auto advance = [&](std::size_t i) {
    const SequenceRef& ref = sequences_.at(yields[i].sequence);
    advances[i] = ref.request->choices[ref.choice].writer->Next(backend_->Logits(yields[i].row));
  };
  static constexpr std::size_t kWorthSharing = 4;  // below, waking a helper costs more than it saves
  if (yields.size() >= kWorthSharing) {
    rows_.ForEach(yields.size(), advance);
  } else {
    for (std::size_t i = 0; i < yields.size(); ++i) advance(i);
  }
  const base::Time now = clock_.Now();
  for (std::size_t i = 0; i < yields.size(); ++i) {
    const SequenceRef& ref = sequences_.at(yields[i].sequence);
    Account(ref, advances[i], now);
    const bool finished = advances[i].delta.finish.has_value();
    result.produced.push_back({yields[i].sequence, advances[i].token, finished});
    outbox_.Add(ref.request->sink, std::move(advances[i].delta));
  }
  outbox_.Flush();
}

void LocalEngine::Account(const SequenceRef& ref, const Choice::Advance& advance, base::Time now) {
  ActiveRequest& active = *ref.request;
  ActiveChoice& choice = active.choices[ref.choice];
  if (active.timings.first_token.count() == 0) {
    active.timings.first_token = now - active.submitted;
  }
  if (choice.last_token != base::Time{}) {
    active.gaps.Add(now - choice.last_token);
  }
  choice.last_token = now;
  choice.symbols.push_back(core::Symbol::Token(advance.token));
  choice.done = advance.delta.finish.has_value();
}

void LocalEngine::End(const Active& active, std::optional<base::Error> error) {
  {
    const std::lock_guard lock(mutex_);
    if (requests_.erase(active->request.id) == 0) return;  // it has ended already
  }
  const base::Time now = clock_.Now();
  for (const ActiveChoice& choice : active->choices) {
    active->usage.completion_tokens += choice.writer->produced();
    if (sequences_.erase(choice.sequence) > 0) scheduler_->Cancel(choice.sequence, now);
  }
  core::Terminal terminal{.request = active->request.id, .error = std::move(error)};
  active->timings.total = now - active->submitted;
  active->timings.worst_gap = active->gaps.worst();
  active->timings.p99_gap = active->gaps.Quantile(0.99);
  terminal.usage = active->usage;
  terminal.timings = active->timings;
  outbox_.Add(active->sink, std::move(terminal));
}

void LocalEngine::EndAll(const base::Error& error) {
  // What is still being prepared arrives in the inbox; nothing more is submitted by now.
  std::vector<Active> all;
  {
    std::unique_lock lock(mutex_);
    if (status_.state != core::EngineState::kFailed) status_.state = core::EngineState::kDraining;
    state_changed_.wait(lock, [this] { return preparing_ == 0; });
    for (const auto& [id, active] : requests_) all.push_back(active);
    inbox_.clear();
    cancels_.clear();
  }
  for (const Active& active : all) End(active, error);
  outbox_.Flush();
}

// A call failed in a way that leaves the context undefined: what runs ends with the error, what waits too,
// and everything starts from an empty context.
void LocalEngine::Recover(const base::Error& error) {
  log_.Error("a step failed; the context is cleared",
             {{"model", options_.model}, {"cause", error.message()}});
  std::unordered_set<Active> affected;
  for (const auto& [id, ref] : sequences_) affected.insert(ref.request);
  for (const Active& active : affected) {
    End(active, base::Error(Code::kInternal, "the model failed to compute a step: " + error.message()));
  }
  outbox_.Flush();
  MakeScheduler();
  if (auto reset = runner_->Reset(); !reset) {
    const std::lock_guard lock(mutex_);
    status_.state = core::EngineState::kFailed;
    status_.failure = reset.error().message();
    stopping_ = true;
  }
}

void LocalEngine::PublishStatus() {
  const scheduler::Stats stats = scheduler_->stats();
  metrics_.OnStats(stats);
  const base::Duration retry = scheduler_->PredictFirstToken(256);
  const std::lock_guard lock(mutex_);
  status_.running = static_cast<std::int32_t>(stats.running);
  status_.waiting = static_cast<std::int32_t>(stats.waiting);
  status_.steps = steps_;
  retry_after_ = std::clamp<base::Duration>(retry, std::chrono::seconds(1), std::chrono::seconds(60));
}

}  // namespace lares::engine
