// SPDX-License-Identifier: Apache-2.0
#include "http/http_metrics.h"

#include <vector>

namespace lares::http {
namespace {

// These delays are our own doing and should be far below a millisecond.
std::vector<double> DelayBuckets() {
  return {0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5};
}

}  // namespace

HttpMetrics::HttpMetrics(base::Metrics& m)
    : accepted(m.AddCounter("lares_http_connections_accepted_total", "Connections accepted.")),
      refused_connections(
          m.AddCounter("lares_http_connections_refused_total", "Connections turned away at the limit.")),
      disconnects(m.AddCounter("lares_http_disconnects_total", "Clients gone before their whole answer.")),
      slow_readers(
          m.AddCounter("lares_http_slow_readers_total", "Clients cut off because they did not read.")),
      timeouts(m.AddCounter("lares_http_timeouts_total",
                            "Connections closed by a time limit while a request came in.")),
      arrival_to_parsed(m.AddHistogram("lares_http_arrival_to_parsed_seconds",
                                       "From a request's last byte to its parsed form.", {}, DelayBuckets())),
      event_to_written(m.AddHistogram("lares_http_event_to_written_seconds",
                                      "From an engine's event to its bytes handed to the system.", {},
                                      DelayBuckets())),
      metrics_(m),
      connections_(m.AddGauge("lares_http_connections", "Open connections.")) {}

void HttpMetrics::ConnectionOpened() {
  const std::lock_guard lock(mutex_);
  connections_.Set(static_cast<double>(++open_));
}

void HttpMetrics::ConnectionClosed() {
  const std::lock_guard lock(mutex_);
  connections_.Set(static_cast<double>(--open_));
}

void HttpMetrics::Answered(const std::string& route, int status) {
  metrics_
      .AddCounter("lares_http_requests_total", "Requests answered, by route and status.",
                  {{"route", route}, {"status", std::to_string(status)}})
      .Add();
}

}  // namespace lares::http
