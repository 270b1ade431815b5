// SPDX-License-Identifier: Apache-2.0
//
// Tells a worker that hangs from one that is slow, by its progress: a counter that grows while it computes,
// and the time at which the step should have ended. Hung means that the counter stood still past that time
// and a margin at three polls in a row. Time that the worker waited for a CPU does not count, because then
// the machine is slow and not the worker; time that it slept does. A worker without work publishes no end and
// cannot hang; one that loads publishes the latest time of its next percent. One that is stopped (SIGSTOP)
// needs no margin: it hangs when it stands still for three polls, at work or not.
//
// Pure; not thread safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace lares::supervisor {

struct LivenessOptions {
  base::Duration margin = std::chrono::seconds(5);
  double of_predicted = 2;  // and as much of the step's predicted time
  int polls = 3;
};

class Liveness {
 public:
  // What is seen from outside at one time.
  struct Poll {
    base::Time now{};
    std::uint64_t counter = 0;        // grows with each step, and with each percent of loading
    std::optional<base::Time> began;  // the step that runs; none: there is nothing to do
    std::optional<base::Time> due;    // when it should have ended, as predicted when it began
    base::Duration waited_for_cpu{};  // since the process began, of the thread that waited most (schedstat)
    bool stopped = false;             // state T
  };

  explicit Liveness(LivenessOptions options = {}) : options_(options) {}

  // A sentence when the worker hangs; then nothing but Reset makes sense.
  std::optional<std::string> Observe(const Poll& poll);

  // Another process: it knows nothing of the one before.
  void Reset() { *this = Liveness(options_); }

 private:
  bool Late(const Poll& poll) const;

  LivenessOptions options_;
  std::optional<std::uint64_t> counter_;
  base::Duration last_waited_{};  // at the last poll
  base::Duration waited_{};       // at the last poll that saw another counter
  int late_ = 0;                  // polls in a row
};

}  // namespace lares::supervisor
