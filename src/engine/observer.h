// SPDX-License-Identifier: Apache-2.0
//
// Who is told what an engine is about, as it happens: so that somebody else knows it when this process hangs
// or has died. Every member may be called from any thread, must return at once and not throw.
#pragma once

#include <span>
#include <string_view>

#include "base/clock.h"
#include "engine/step_report.h"

namespace lares::engine {

class Observer {
 public:
  virtual ~Observer() = default;

  virtual void OnLoading(int /*percent*/) {}
  // A request is being prepared on the pool, and no longer.
  virtual void OnPreparing(std::string_view /*request*/) {}
  virtual void OnPrepared(std::string_view /*request*/) {}
  // The calls of a step, for these requests (one that has several rows is named several times).
  virtual void OnStepBegin(std::span<const std::string_view> /*requests*/, base::Time /*began*/,
                           base::Duration /*predicted*/) {}
  // While it computes, many times a second: something has been done.
  virtual void OnAlive() {}
  // The step is over, or the loading: there is nothing to be late with.
  virtual void OnStepEnd() {}
  // After a step, and when the last work is gone.
  virtual void OnReport(const StepReport& /*report*/) {}
};

}  // namespace lares::engine
