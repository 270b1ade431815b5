// SPDX-License-Identifier: Apache-2.0
//
// Whether the server takes work, and how much of it is under way. Serving -> Announced (readiness says no, so
// that a load balancer looks elsewhere, while requests are still served) -> Refusing (new work is refused).
// It never goes back. Thread safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"

namespace lares::service {

class Lifecycle {
 public:
  // `in_flight`, when given, always shows the count and must outlive this.
  explicit Lifecycle(base::Gauge* in_flight = nullptr) : gauge_(in_flight) {}

  enum class Phase : std::uint8_t { kServing, kAnnounced, kRefusing };

  void AnnounceDrain();
  void RefuseNew();
  Phase phase() const;

  // One piece of work that is under way until this goes. Movable; the Lifecycle outlives it.
  class Work {
   public:
    Work(Work&& other) noexcept : lifecycle_(std::exchange(other.lifecycle_, nullptr)) {}
    ~Work() {
      if (lifecycle_ != nullptr) lifecycle_->Leave();
    }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

   private:
    friend class Lifecycle;
    explicit Work(Lifecycle& lifecycle) : lifecycle_(&lifecycle) {}
    Lifecycle* lifecycle_;
  };

  // Counts one piece of work in, or refuses it with kUnavailable.
  base::Result<Work> Begin();
  // The same for work whose end is told elsewhere: each success needs one Leave.
  base::Status Enter();
  void Leave();
  std::int64_t in_flight() const;

  // Waits until nothing is under way. False when `timeout` passed first.
  bool WaitIdle(base::Duration timeout);

 private:
  void Count(std::int64_t change);  // with mutex_ held

  base::Gauge* const gauge_;
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  Phase phase_ = Phase::kServing;
  std::int64_t in_flight_ = 0;
};

}  // namespace lares::service
