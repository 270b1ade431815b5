// SPDX-License-Identifier: Apache-2.0
//
// Counters, gauges and histograms in Prometheus' model. A metric is made once at start and kept as a
// reference; recording is thread safe and takes no lock that is held across I/O. Names and labels are ours,
// never a client's bytes, so that their number stays bounded. Units are in the names (seconds, bytes).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lares::base {

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void Add(double by = 1) = 0;
  virtual double Value() const = 0;
};

class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void Set(double value) = 0;
};

class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void Observe(double value) = 0;
};

using Labels = std::map<std::string, std::string>;

// Upper bounds in seconds that suit token latencies: 0.5 ms to 60 s, about three per decade.
std::vector<double> LatencyBuckets();

// Owns every metric made from it; they live as long as it does. Asking for the same name and labels again
// gives the same metric.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Counter& AddCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& AddGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram& AddHistogram(const std::string& name, const std::string& help, const Labels& labels,
                          const std::vector<double>& bounds);

  // The text exposition format, version 0.0.4.
  std::string Expose() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lares::base
