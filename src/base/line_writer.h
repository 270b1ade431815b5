// SPDX-License-Identifier: Apache-2.0
//
// Lines on their way to a slow place (a disk, a terminal that somebody has paused), written by a thread of
// their own: whoever pushes never waits. At most `max_bytes` wait; what does not fit is dropped and counted,
// and the place is told how much is missing. Thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"

namespace lares::base {

class LineWriter {
 public:
  struct Options {
    std::function<void(const std::string& line)> write;  // on the writer's thread; may block and may throw
    std::function<void()> flush;                         // after the last of the lines that there were
    std::function<std::string(std::uint64_t lines)> lost_line;  // what says that so many were dropped
    std::size_t max_bytes = 4U << 20U;
  };

  explicit LineWriter(Options options);
  // Writes what waits, for a few seconds at most. A place that takes nothing even then is left alone with the
  // thread that waits for it: `options` stay alive for that.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // False when the line was dropped.
  bool Push(std::string line);

  // Waits until what was pushed before is written; false when `timeout` passed first.
  bool Flush(Duration timeout);

  // From now on abort() waits, for half a second at most, until everything is written. For one LineWriter of
  // a process.
  void FlushOnAbort();

  struct State;

 private:
  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace lares::base
