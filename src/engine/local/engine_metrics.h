// SPDX-License-Identifier: Apache-2.0
//
// The engine's own Prometheus series, labelled by model: steps, predictions, KV cells. What a request waited
// and got is counted in service. docs/operations/metrics.md says what each means. Recording is thread safe.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "scheduler/scheduler.h"
#include "scheduler/step.h"

namespace lares::engine {

class EngineMetrics {
 public:
  EngineMetrics(base::Metrics& metrics, const std::string& model);

  void OnStep(const scheduler::Step& step, const scheduler::StepResult& result);
  void OnStats(const scheduler::Stats& stats);

 private:
  base::Histogram& decode_step_;
  base::Histogram& prefill_step_;
  base::Histogram& decode_error_;
  base::Histogram& prefill_error_;
  base::Counter& preemptions_;
  base::Counter& evictions_;
  base::Gauge& waiting_;
  base::Gauge& running_;
  base::Gauge& cells_free_;
  base::Gauge& cells_used_;
  base::Gauge& cells_cached_;
  base::Gauge& host_bytes_;
  scheduler::Stats last_;
};

}  // namespace lares::engine
