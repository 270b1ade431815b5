// SPDX-License-Identifier: Apache-2.0
#include "service/lifecycle.h"

#include "base/check.h"

namespace lares::service {

void Lifecycle::AnnounceDrain() {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kServing) phase_ = Phase::kAnnounced;
}

void Lifecycle::RefuseNew() {
  const std::lock_guard lock(mutex_);
  phase_ = Phase::kRefusing;
}

Lifecycle::Phase Lifecycle::phase() const {
  const std::lock_guard lock(mutex_);
  return phase_;
}

base::Status Lifecycle::Enter() {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kRefusing) {
    return base::Fail(base::Error(base::Code::kUnavailable, "the server is shutting down; ask again shortly")
                          .WithReason("shutting_down")
                          .WithRetryAfter(std::chrono::seconds(2)));
  }
  Count(1);
  return {};
}

base::Result<Lifecycle::Work> Lifecycle::Begin() {
  if (auto entered = Enter(); !entered) return base::Fail(entered.error());
  return Work(*this);
}

void Lifecycle::Leave() {
  {
    const std::lock_guard lock(mutex_);
    LARES_CHECK(in_flight_ > 0);
    Count(-1);
    if (in_flight_ != 0) return;
  }
  idle_.notify_all();
}

// Set under the lock: two threads must not leave the older number standing.
void Lifecycle::Count(std::int64_t change) {
  in_flight_ += change;
  if (gauge_ != nullptr) gauge_->Set(static_cast<double>(in_flight_));
}

std::int64_t Lifecycle::in_flight() const {
  const std::lock_guard lock(mutex_);
  return in_flight_;
}

bool Lifecycle::WaitIdle(base::Duration timeout) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, timeout, [this] { return in_flight_ == 0; });
}

}  // namespace lares::service
