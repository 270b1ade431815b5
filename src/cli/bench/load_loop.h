// SPDX-License-Identifier: Apache-2.0
//
// Sends requests and notes what comes back, on one thread that does nothing else meanwhile. Closed loop: so
// many requests are under way at all times. Open loop: each is sent when it is due, whatever came back.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "cli/bench/exchange_record.h"
#include "cli/bench/workload.h"
#include "cli/transport.h"

namespace lares::cli {

struct LoadProgress {
  base::Duration elapsed{};
  std::size_t sent = 0;
  std::size_t running = 0;
  std::size_t ended = 0;
  std::size_t not_ok = 0;  // ended with another status than 200, or broken off
  std::size_t pieces = 0;  // received; about one a token in a stream
};

struct LoadSettings {
  bool stream = true;
  base::Duration timeout{};
  std::function<bool()> interrupted;                     // asked several times a second; may be empty
  std::function<void(const LoadProgress&)> on_progress;  // a few times a second; may be empty
  // Bytes of answers kept until the end of the run. Beyond it answers are read as they end, which costs the
  // stamps of other streams some precision.
  std::size_t raw_bytes = 512U << 20U;
};

struct ClosedLoop {
  std::size_t concurrency = 1;
  std::size_t requests = 0;   // 0: no bound
  base::Duration duration{};  // no new ones after that; 0: no bound
};

// Not thread safe; one run at a time.
class LoadLoop {
 public:
  LoadLoop(Transport& transport, const base::Clock& clock, LoadSettings settings);
  ~LoadLoop();
  LoadLoop(const LoadLoop&) = delete;
  LoadLoop& operator=(const LoadLoop&) = delete;

  std::vector<Outcome> RunClosed(RequestSource& source, const ClosedLoop& loop);
  // `requests` in order of their times.
  std::vector<Outcome> RunOpen(std::vector<PlannedRequest> requests);

 private:
  class Running;

  void Begin();
  void Send(PlannedRequest request, base::Time due);
  void Ended(Running& exchange);
  void Wait(base::Duration longest);
  bool Interrupted();
  void Read(std::unique_ptr<Running> exchange);
  std::vector<Outcome> TakeOutcomes();

  Transport& transport_;
  const base::Clock& clock_;
  const LoadSettings settings_;

  base::Time start_;
  base::Time last_progress_;
  LoadProgress progress_;
  std::deque<std::unique_ptr<Running>> exchanges_;  // in order of sending; not read yet
  std::vector<Outcome> outcomes_;
  std::size_t kept_bytes_ = 0;
  bool stopped_ = false;
};

}  // namespace lares::cli
