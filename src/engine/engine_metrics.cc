// SPDX-License-Identifier: Apache-2.0
#include "engine/engine_metrics.h"

namespace lares::engine {
namespace {

// Real over predicted: 1 is exact, above 1 the step took longer than promised.
std::vector<double> RatioBuckets() { return {0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.2, 1.5, 2, 4}; }

base::Labels With(const std::string& model, const char* key, const char* value) {
  return {{"model", model}, {key, value}};
}

}  // namespace

EngineMetrics::EngineMetrics(base::Metrics& m, const std::string& model)
    : decode_step_(m.AddHistogram("lares_step_seconds", "Duration of an engine call by phase.",
                                  With(model, "phase", "decode"), base::LatencyBuckets())),
      prefill_step_(m.AddHistogram("lares_step_seconds", "Duration of an engine call by phase.",
                                   With(model, "phase", "prefill"), base::LatencyBuckets())),
      decode_error_(m.AddHistogram("lares_step_real_over_predicted", "Real over predicted step time.",
                                   With(model, "phase", "decode"), RatioBuckets())),
      prefill_error_(m.AddHistogram("lares_step_real_over_predicted", "Real over predicted step time.",
                                    With(model, "phase", "prefill"), RatioBuckets())),
      preemptions_(m.AddCounter("lares_preemptions_total", "Sequences paused for lack of KV cells.",
                                {{"model", model}})),
      evictions_(
          m.AddCounter("lares_cache_evictions_total", "Cached prefixes given up.", {{"model", model}})),
      waiting_(m.AddGauge("lares_sequences", "Sequences by state.", With(model, "state", "waiting"))),
      running_(m.AddGauge("lares_sequences", "Sequences by state.", With(model, "state", "running"))),
      cells_free_(m.AddGauge("lares_kv_cells", "KV cells by use.", With(model, "use", "free"))),
      cells_used_(m.AddGauge("lares_kv_cells", "KV cells by use.", With(model, "use", "used"))),
      cells_cached_(m.AddGauge("lares_kv_cells", "KV cells by use.", With(model, "use", "cached"))),
      host_bytes_(
          m.AddGauge("lares_host_cache_bytes", "Saved KV states in host memory.", {{"model", model}})) {}

void EngineMetrics::OnSteps(std::span<const StepReport> steps) {
  const auto observe = [](base::Histogram& seconds, base::Histogram& ratio, base::Duration real,
                          base::Duration predicted) {
    if (real <= base::Duration{}) return;
    seconds.Observe(base::Seconds(real));
    if (predicted > base::Duration{}) ratio.Observe(base::Seconds(real) / base::Seconds(predicted));
  };
  for (const StepReport& step : steps) {
    observe(decode_step_, decode_error_, step.decode, step.predicted_decode);
    observe(prefill_step_, prefill_error_, step.prefill, step.predicted_prefill);
    preemptions_.Add(static_cast<double>(step.preemptions));
    evictions_.Add(static_cast<double>(step.evictions));
  }
  if (steps.empty()) return;
  const StepReport& last = steps.back();
  waiting_.Set(static_cast<double>(last.waiting));
  running_.Set(static_cast<double>(last.running));
  cells_free_.Set(static_cast<double>(last.cells_free));
  cells_used_.Set(static_cast<double>(last.cells_used));
  cells_cached_.Set(static_cast<double>(last.cells_cached));
  host_bytes_.Set(static_cast<double>(last.host_bytes));
}

}  // namespace lares::engine
