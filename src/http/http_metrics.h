// SPDX-License-Identifier: Apache-2.0
//
// The series of the HTTP layer; docs/operations/metrics.md says what each means. Thread safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"

namespace lares::http {

class HttpMetrics {
 public:
  explicit HttpMetrics(base::Metrics& metrics);

  // `route` is a Route's label, or "-".
  void Answered(const std::string& route, int status);

  void ConnectionOpened();
  void ConnectionClosed();
  std::int64_t open_connections() const { return open_.load(std::memory_order_relaxed); }

  base::Counter& accepted;
  base::Counter& refused_connections;
  base::Counter& disconnects;   // before the answer was complete
  base::Counter& slow_readers;  // cut off because they did not read
  base::Counter& timeouts;
  base::Histogram& arrival_to_parsed;
  base::Histogram& event_to_written;

 private:
  base::Metrics& metrics_;
  base::Gauge& connections_;
  std::mutex mutex_;  // two threads must not leave the older number on the gauge
  std::atomic<std::int64_t> open_ = 0;
};

}  // namespace lares::http
