// SPDX-License-Identifier: Apache-2.0
//
// Time as a dependency. Pure modules (L2) take `Time` as an argument and never ask a clock; everything else
// gets a Clock handed in, so that a test decides what time it is.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace lares::base {

using Duration = std::chrono::nanoseconds;
using Time = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// Thread safe. Now() is monotonic; Wall() is Unix time for people and logs, and may jump.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time Now() const = 0;
  virtual std::chrono::system_clock::time_point Wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time Now() const override { return std::chrono::steady_clock::now(); }
  std::chrono::system_clock::time_point Wall() const override { return std::chrono::system_clock::now(); }
};

// A clock that moves only when told. Thread safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time{}) : now_(start.time_since_epoch().count()) {}
  Time Now() const override { return Time{Duration{now_.load()}}; }
  std::chrono::system_clock::time_point Wall() const override {
    return std::chrono::system_clock::time_point{
        std::chrono::duration_cast<std::chrono::system_clock::duration>(Duration{now_.load()})};
  }
  void Advance(Duration by) { now_.fetch_add(by.count()); }

 private:
  std::atomic<std::int64_t> now_;
};

inline double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }
inline double Milliseconds(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }
inline Duration FromSeconds(double s) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s));
}

// "2026-11-24T03:04:05Z" (ISO 8601, UTC).
std::string Iso8601(std::chrono::system_clock::time_point when);

}  // namespace lares::base
