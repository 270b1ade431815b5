// SPDX-License-Identifier: Apache-2.0
#include "engine/local/engine_metrics.h"

namespace lares::engine {
namespace {

// Real over predicted: 1 is exact, above 1 the step took longer than promised.
std::vector<double> RatioBuckets() { return {0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.2, 1.5, 2, 4}; }

base::Labels With(const std::string& model, const char* key, const char* value) {
  return {{"model", model}, {key, value}};
}

// A scheduler made anew counts from zero again.
double Growth(std::uint64_t before, std::uint64_t now) {
  return static_cast<double>(now >= before ? now - before : now);
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

void EngineMetrics::OnStep(const scheduler::Step& step, const scheduler::StepResult& result) {
  const auto observe = [](base::Histogram& seconds, base::Histogram& ratio, base::Duration real,
                          base::Duration predicted) {
    seconds.Observe(base::Seconds(real));
    if (predicted.count() > 0) ratio.Observe(base::Seconds(real) / base::Seconds(predicted));
  };
  if (!step.decode.empty()) observe(decode_step_, decode_error_, result.decode_time, step.predicted_decode);
  if (!step.prefill.empty() && !result.prefill_interrupted) {
    observe(prefill_step_, prefill_error_, result.prefill_time, step.predicted_prefill);
  }
}

void EngineMetrics::OnStats(const scheduler::Stats& stats) {
  waiting_.Set(static_cast<double>(stats.waiting));
  running_.Set(static_cast<double>(stats.running));
  cells_free_.Set(static_cast<double>(stats.cells_free));
  cells_used_.Set(static_cast<double>(stats.cells_used));
  cells_cached_.Set(static_cast<double>(stats.cells_cached));
  host_bytes_.Set(static_cast<double>(stats.host_bytes));
  preemptions_.Add(Growth(last_.preemptions, stats.preemptions));
  evictions_.Add(Growth(last_.evictions, stats.evictions));
  last_ = stats;
}

}  // namespace lares::engine
