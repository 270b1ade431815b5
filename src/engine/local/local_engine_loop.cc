// SPDX-License-Identifier: Apache-2.0
//
// The engine thread once the model is loaded: drain, plan, run, apply until told to stop.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/check.h"
#include "engine/local/local_engine.h"

namespace lares::engine {

using base::Code;

// Whoever embeds does so on a thread of its own.
void LocalEngine::Rest() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_; });
}

void LocalEngine::Loop() {
  while (true) {
    Drain();
    const base::Time now = clock_.Now();
    EndExpired(now);
    const scheduler::Step step = scheduler_->Plan(now);
    DropPreempted(step);
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
  active->choices_left = prepared->choices.size();
  const base::Time now = clock_.Now();
  for (std::size_t i = 0; i < prepared->choices.size(); ++i) {
    ActiveChoice& choice = active->choices.emplace_back();
    choice.sequence = next_sequence_++;
    choice.writer = std::move(prepared->choices[i]);
    choice.symbols = prepared->prompt;
    for (const core::TokenId id : prepared->produced[i]) choice.symbols.push_back(core::Symbol::Token(id));
    if (choice.writer->finished()) continue;
    if (auto admitted = AdmitChoice(active, i, now); !admitted) return End(active, admitted.error());
  }
  outbox_.Add(active->sink, core::Admitted{active->request.id, active->usage.prompt_tokens});
  for (std::size_t i = 0; i < active->choices.size(); ++i) {
    const Choice& writer = *active->choices[i].writer;
    if (!writer.finished()) continue;  // else a continuation that had come to its end already
    core::Delta end{.request = active->request.id, .choice = static_cast<std::int32_t>(i)};
    end.finish = writer.finish();
    outbox_.Add(active->sink, std::move(end));
    --active->choices_left;
  }
  if (active->choices_left == 0) End(active, std::nullopt);
}

base::Status LocalEngine::AdmitChoice(const Active& active, std::size_t index, base::Time now) {
  const ActiveChoice& choice = active->choices[index];
  const Prepared& prepared = **active->prepared;
  const auto produced = static_cast<std::int32_t>(choice.symbols.size() - prepared.prompt.size());
  auto admitted = scheduler_->Admit({.id = choice.sequence,
                                     .symbols = choice.symbols,
                                     .max_new = prepared.max_new - produced,
                                     .salt = prepared.salt,
                                     .tenant = active->request.principal.tenant,
                                     .service_class = active->request.service_class},
                                    now);
  if (admitted) sequences_[choice.sequence] = {active, index};
  return admitted;
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
  TellStarts(step, now);
  ObserveBegin(step, now);
  auto result = runner_->Run(
      step,
      [this](scheduler::SequenceId id) -> StepRunner::Symbols {
        const SequenceRef& ref = sequences_.at(id);
        return {.all = ref.request->choices[ref.choice].symbols,
                .read = (*ref.request->prepared)->prompt.size()};
      },
      [this](std::span<const StepRunner::Yield> yields, scheduler::StepResult& partial) {
        OnYields(yields, partial);
      },
      interrupt_);
  observer_.OnStepEnd();
  if (!result) return Recover(step, result.error());
  ++steps_;
  report_ = {.decode = result->decode_time,
             .predicted_decode = step.predicted_decode,
             .prefill = result->prefill_interrupted ? base::Duration{} : result->prefill_time,
             .predicted_prefill = step.predicted_prefill};
  scheduler_->Apply(*result, clock_.Now());
  EndFailed();
  outbox_.Flush();
}

void LocalEngine::TellStarts(const scheduler::Step& step, base::Time now) {
  for (const scheduler::PrefillChunk& chunk : step.prefill) {
    const SequenceRef& ref = sequences_.at(chunk.sequence);
    ActiveRequest& active = *ref.request;
    if (std::exchange(active.started, true)) continue;
    active.timings.queued = now - active.submitted;
    const auto cached = scheduler_->stats_of(chunk.sequence).cached_symbols;
    outbox_.Add(active.sink, core::Started{.request = active.request.id,
                                           .cached_tokens = std::min(cached, active.usage.prompt_tokens),
                                           .queued = active.timings.queued});
  }
}

void LocalEngine::ObserveBegin(const scheduler::Step& step, base::Time now) {
  std::vector<std::string_view> requests;
  requests.reserve(step.decode.size() + step.prefill.size());
  const auto add = [&](scheduler::SequenceId id) {
    requests.push_back(sequences_.at(id).request->request.id);
  };
  for (const scheduler::DecodeRow& row : step.decode) add(row.sequence);
  for (const scheduler::PrefillChunk& chunk : step.prefill) add(chunk.sequence);
  // The first predictions rest on nothing.
  static constexpr std::uint64_t kExperience = 16;
  static constexpr base::Duration kMostOfAFirstStep = std::chrono::seconds(60);
  const base::Duration predicted = step.predicted_decode + step.predicted_prefill;
  observer_.OnStepBegin(requests, now,
                        steps_ < kExperience ? std::max(predicted, kMostOfAFirstStep) : predicted);
}

// After each call of a step: one token per yielding row. Its events, and the ends that came with it, leave
// before the next call runs.
void LocalEngine::OnYields(std::span<const StepRunner::Yield> all, scheduler::StepResult& result) {
  std::vector<StepRunner::Yield> yields;
  for (const StepRunner::Yield& yield : all) {
    if (TakeRebuilt(sequences_.at(yield.sequence))) yields.push_back(yield);
  }
  std::vector<Choice::Advance> advances(yields.size());
  Sample(yields, advances);
  const base::Time now = clock_.Now();
  for (std::size_t i = 0; i < yields.size(); ++i) {
    const SequenceRef ref = sequences_.at(yields[i].sequence);
    Choice::Advance& advance = advances[i];
    const bool over = advance.error || advance.delta.finish;
    result.produced.push_back({yields[i].sequence, advance.token, over});
    if (advance.error) {
      ref.request->failure = std::move(advance.error);
      failed_.push_back(ref.request);
    } else {
      Account(ref, advance, now);
      outbox_.Add(ref.request->sink, std::move(advance.delta));
    }
    if (over) CloseChoice(ref, yields[i].sequence);
  }
  outbox_.Flush();
}

void LocalEngine::Sample(std::span<const StepRunner::Yield> yields, std::span<Choice::Advance> advances) {
  std::size_t constrained = 0;
  const auto choice_of = [this](const StepRunner::Yield& yield) -> ActiveChoice& {
    const SequenceRef& ref = sequences_.at(yield.sequence);
    return ref.request->choices[ref.choice];
  };
  for (const StepRunner::Yield& yield : yields) constrained += choice_of(yield).writer->constrained() ? 1 : 0;
  const auto advance = [&](std::size_t i) {
    advances[i] = choice_of(yields[i]).writer->Next(backend_->Logits(yields[i].row));
  };
  // Below, waking a helper costs more than it saves.
  static constexpr std::size_t kWorthSharing = 4, kConstrainedWorthSharing = 2;
  if (yields.size() >= kWorthSharing || constrained >= kConstrainedWorthSharing) {
    rows_->ForEach(yields.size(), advance);
  } else {
    for (std::size_t i = 0; i < yields.size(); ++i) advance(i);
  }
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
}

// The choice has come to its end; the scheduler hears of it by the step's result.
void LocalEngine::CloseChoice(const SequenceRef& ref, scheduler::SequenceId sequence) {
  NoteStats(ref, sequence);
  sequences_.erase(sequence);
  if (--ref.request->choices_left == 0) End(ref.request, ref.request->failure);
}

void LocalEngine::NoteStats(const SequenceRef& ref, scheduler::SequenceId sequence) {
  ActiveRequest& active = *ref.request;
  const scheduler::SequenceStats stats = scheduler_->stats_of(sequence);
  if (ref.choice == 0) {
    active.usage.cached_tokens = std::min(stats.cached_symbols, active.usage.prompt_tokens);
  }
  active.timings.preemptions += stats.preemptions;
}

void LocalEngine::End(const Active& active, std::optional<base::Error> error) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = requests_.find(active->request.id);
    if (found == requests_.end() || found->second != active) return;  // it has ended already
    requests_.erase(found);
    room_->Give(active->request.principal.tenant);
  }
  const base::Time now = clock_.Now();
  for (const ActiveChoice& choice : active->choices) {
    active->usage.completion_tokens +=
        static_cast<std::int32_t>(choice.symbols.size() - (*active->prepared)->prompt.size());
    const auto found = sequences_.find(choice.sequence);
    if (found == sequences_.end()) continue;
    NoteStats(found->second, choice.sequence);
    sequences_.erase(found);
    scheduler_->Cancel(choice.sequence, now);
  }
  core::Terminal terminal{.request = active->request.id, .error = std::move(error)};
  active->timings.total = now - active->submitted;
  active->timings.worst_gap = active->gaps.worst();
  active->timings.p99_gap = active->gaps.Quantile(0.99);
  terminal.usage = active->usage;
  terminal.timings = active->timings;
  outbox_.Add(active->sink, std::move(terminal));
}

// After the step, because its prefill call may still read for another choice of the same request.
void LocalEngine::EndFailed() {
  for (const Active& active : std::exchange(failed_, {})) End(active, active->failure);
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

void LocalEngine::PublishStatus() {
  const scheduler::Stats stats = scheduler_->stats();
  Report(stats);
  const base::Duration retry = scheduler_->PredictFirstToken(256);
  const std::lock_guard lock(mutex_);
  status_.running = static_cast<std::int32_t>(stats.running);
  status_.waiting = static_cast<std::int32_t>(stats.waiting);
  status_.steps = steps_;
  status_.retry_after = std::clamp<base::Duration>(retry, std::chrono::seconds(1), std::chrono::seconds(60));
}

void LocalEngine::Report(const scheduler::Stats& stats) {
  // A scheduler made anew counts from zero again.
  const auto growth = [](std::uint64_t before, std::uint64_t now) {
    return now >= before ? now - before : now;
  };
  report_.preemptions = growth(last_stats_.preemptions, stats.preemptions);
  report_.evictions = growth(last_stats_.evictions, stats.evictions);
  report_.waiting = stats.waiting;
  report_.running = stats.running;
  report_.cells_free = stats.cells_free;
  report_.cells_used = stats.cells_used;
  report_.cells_cached = stats.cells_cached;
  report_.host_bytes = stats.host_bytes;
  last_stats_ = stats;
  observer_.OnReport(std::exchange(report_, {}));
}

}  // namespace lares::engine
