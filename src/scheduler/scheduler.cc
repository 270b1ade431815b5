// SPDX-License-Identifier: Apache-2.0
#include "scheduler/scheduler.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "scheduler/cell_relief.h"
#include "scheduler/invariants.h"
#include "scheduler/prediction.h"
#include "scheduler/prefill_plan.h"
#include "scheduler/settle.h"
#include "scheduler/starter.h"
#include "scheduler/world.h"

namespace lares::scheduler {
namespace {

using base::Code;
using base::Error;
using base::Fail;

base::Status CheckSequence(const Sequence& sequence, const Options& options) {
  if (sequence.symbols.empty()) return Fail(Code::kInvalidArgument, "the prompt has no tokens");
  if (sequence.max_new < 1) return Fail(Code::kInvalidArgument, "no token may be produced");
  std::int64_t rows = 0;
  for (const core::Symbol& symbol : sequence.symbols) {
    if (symbol.rows < 1 || symbol.positions < 1) return Fail(Code::kInvalidArgument, "a symbol has no rows");
    rows += symbol.rows;
  }
  const std::int64_t most = std::min<std::int64_t>(options.slot_cells, options.total_cells);
  if (rows + sequence.max_new <= most) return {};
  return Fail(Error(Code::kInvalidArgument, "the prompt has " + std::to_string(rows) +
                                                " tokens and asks for " + std::to_string(sequence.max_new) +
                                                " more; the context holds " + std::to_string(most))
                  .WithReason("context_length_exceeded"));
}

// By slot: neighbours are computed together by backends with separate streams.
void PlanDecode(const World& world, Step& step) {
  for (std::int32_t slot = 0; slot < world.slots.count(); ++slot) {
    const Job* job = world.slots.holder(slot);
    if (job == nullptr || job->state != Job::State::kDecoding || job->left() != 1) continue;
    step.decode.push_back({.sequence = job->id,
                           .slot = slot,
                           .position = job->symbols.PositionsBefore(job->done),
                           .token = job->symbols[job->done].token()});
  }
}

}  // namespace

struct Scheduler::State {
  explicit State(const Options& options) : world(options) {}

  World world;
  void ForgetCancelled() {
    for (const SequenceId id : std::exchange(cancelled, {})) {
      if (Job* job = world.Find(id)) world.Forget(*job);
    }
  }

  std::vector<SequenceId> cancelled;  // forgotten before the next decision
  Step planned;                       // what Apply will be about
  bool applied = true;
  base::Time planned_at{};
  base::Duration calls{};  // time of the last step's calls
  bool in_a_row = false;   // the last step had work, so the time since its Plan is the step's
};

Scheduler::Scheduler(Options options) : state_(std::make_unique<State>(options)) {}
Scheduler::~Scheduler() = default;

base::Status Scheduler::Admit(Sequence sequence, base::Time now) {
  World& world = state_->world;
  if (auto ok = CheckSequence(sequence, world.options); !ok) return ok;
  LARES_CHECK(!world.jobs.contains(sequence.id));
  if (state_->applied) state_->ForgetCancelled();  // they wait no longer
  if (world.queue.size() >= world.options.max_waiting) {
    const auto after = std::chrono::ceil<std::chrono::milliseconds>(PredictRoom(world));
    return Fail(Error(Code::kResourceExhausted, "too many requests are waiting")
                    .WithReason("queue_full")
                    .WithRetryAfter(after));
  }
  auto job = std::make_unique<Job>();
  job->id = sequence.id;
  job->symbols = SymbolList(std::move(sequence.symbols));
  job->salt = sequence.salt;
  job->max_new = sequence.max_new;
  job->service_class = sequence.service_class;
  job->tenant = world.shares.Join(sequence.tenant);
  job->arrival = ++world.arrivals;
  job->arrived = now;
  world.queue.Push(job.get());
  world.jobs.emplace(sequence.id, std::move(job));
  return {};
}

void Scheduler::Cancel(SequenceId id, base::Time) {
  if (Job* job = state_->world.Find(id)) {
    job->cancelled = true;
    state_->cancelled.push_back(id);
  }
}

Step Scheduler::Plan(base::Time now) {
  State& state = *state_;
  World& world = state.world;
  LARES_CHECK(state.applied);
  world.now = now;
  if (std::exchange(state.in_a_row, false)) world.cost.LearnOverhead(now - state.planned_at - state.calls);
  world.ended.clear();
  state.ForgetCancelled();
  world.host.ShrinkToFit(world.operations);
  RelievePressure(world);
  StartWaiting(world);

  Step step;
  PlanDecode(world, step);
  const CallShape decode = DecodeShape(step);
  step.predicted_decode = world.cost.Decode(decode);
  PlanPrefill(world, decode, step);
  step.memory = std::exchange(world.operations, {});
  step.preempted = std::exchange(world.preempted, {});
  state.planned = step;
  state.planned_at = now;
  state.applied = step.idle();
  return step;
}

void Scheduler::Apply(const StepResult& result, base::Time) {
  State& state = *state_;
  LARES_CHECK(!state.applied);
  Settle(state.world, state.planned, result);
  state.applied = true;
  state.calls = result.decode_time + result.prefill_time;
  state.in_a_row = true;
}

Stats Scheduler::stats() const {
  const World& world = state_->world;
  return {.waiting = world.queue.size(),
          .running = world.running.size(),
          .cells_total = world.slots.cells_total(),
          .cells_free = world.slots.cells_free(),
          .cells_used = world.slots.cells_used(),
          .cells_cached = world.slots.cells_cached(),
          .host_bytes = world.host.bytes(),
          .cache_hit_symbols = world.cache_hits,
          .cache_miss_symbols = world.cache_misses,
          .preemptions = world.preemptions,
          .evictions = world.evictions};
}

SequenceStats Scheduler::stats_of(SequenceId id) const {
  const World& world = state_->world;
  if (const Job* job = world.Find(id)) return job->stats;
  const auto ended = world.ended.find(id);
  return ended == world.ended.end() ? SequenceStats{} : ended->second;
}

base::Duration Scheduler::PredictFirstToken(std::size_t symbols) const {
  return scheduler::PredictFirstToken(state_->world, static_cast<std::int64_t>(symbols));
}

void Scheduler::CheckInvariants() const { CheckWorld(state_->world); }

}  // namespace lares::scheduler
