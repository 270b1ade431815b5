// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <mutex>
#include <unordered_map>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace lares::base {
namespace {

class PrometheusCounter final : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter) : counter_(counter) {}
  void Add(double by) override { counter_.Increment(by); }
  double Value() const override { return counter_.Value(); }

 private:
  prometheus::Counter& counter_;
};

class PrometheusGauge final : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void Set(double value) override { gauge_.Set(value); }

 private:
  prometheus::Gauge& gauge_;
};

class PrometheusHistogram final : public Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void Observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

// The library hands the same metric out for the same name and labels; so do we, by its address.
template <class Wrapper, class Metric>
auto& Wrap(std::unordered_map<const void*, std::unique_ptr<Wrapper>>& known, Metric& metric) {
  auto& slot = known[&metric];
  if (!slot) slot = std::make_unique<Wrapper>(metric);
  return *slot;
}

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
  std::mutex mutex;
  std::unordered_map<const void*, std::unique_ptr<PrometheusCounter>> counters;
  std::unordered_map<const void*, std::unique_ptr<PrometheusGauge>> gauges;
  std::unordered_map<const void*, std::unique_ptr<PrometheusHistogram>> histograms;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::AddCounter(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(state_->mutex);
  auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry);
  return Wrap(state_->counters, family.Add(labels));
}

Gauge& Metrics::AddGauge(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(state_->mutex);
  auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry);
  return Wrap(state_->gauges, family.Add(labels));
}

Histogram& Metrics::AddHistogram(const std::string& name, const std::string& help, const Labels& labels,
                                 const std::vector<double>& bounds) {
  const std::lock_guard lock(state_->mutex);
  auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(state_->registry);
  return Wrap(state_->histograms, family.Add(labels, bounds));
}

std::string Metrics::Expose() const {
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

std::vector<double> LatencyBuckets() {
  return {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 20, 60};
}

}  // namespace lares::base
