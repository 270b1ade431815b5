// SPDX-License-Identifier: Apache-2.0
//
// An engine's own Prometheus series, labelled by model: steps, predictions, KV cells. What a request waited
// and got is counted in service. docs/operations/metrics.md says what each means. They stand where they are
// asked for and live longer than the process that computes, so that counters never go back.
#pragma once

#include <span>
#include <string>

#include "base/metrics.h"
#include "engine/step_report.h"

namespace lares::engine {

class EngineMetrics final : public StepListener {
 public:
  EngineMetrics(base::Metrics& metrics, const std::string& model);

  void OnSteps(std::span<const StepReport> steps) override;

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
};

}  // namespace lares::engine
