// SPDX-License-Identifier: Apache-2.0
//
// Decides, step by step, which rows a model computes: iteration-level batching with a bound on the time
// between two tokens of a running answer. Pure: no threads, no clock, no model. Time comes in as an argument
// and never goes backwards; the same calls give the same decisions.
//
// Use: Admit and Cancel at any time between steps; then Plan, run the step, Apply its result. Plan and
// Apply alternate strictly. Not thread safe.
#pragma once

#include <cstdint>
#include <memory>

#include "base/error.h"
#include "scheduler/options.h"
#include "scheduler/stats.h"
#include "scheduler/step.h"

namespace lares::scheduler {

class Scheduler {
 public:
  explicit Scheduler(Options options);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // kInvalidArgument, reason "context_length_exceeded": symbols plus max_new can never fit a slot.
  // kResourceExhausted with retry_after: the queue is full.
  base::Status Admit(Sequence sequence, base::Time now);

  // Forgets it before the next decision (Admit, Plan); no further row is planned for it. Unknown ids are
  // ignored.
  void Cancel(SequenceId id, base::Time now);

  Step Plan(base::Time now);
  void Apply(const StepResult& result, base::Time now);

  Stats stats() const;
  SequenceStats stats_of(SequenceId id) const;  // valid until the Plan after its end; also within a step
  // Predicted time until a sequence of `symbols` admitted now would yield its first token.
  base::Duration PredictFirstToken(std::size_t symbols) const;

  // Aborts with the broken rule (LARES_CHECK) when an invariant does not hold.
  void CheckInvariants() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lares::scheduler
