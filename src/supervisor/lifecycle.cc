// SPDX-License-Identifier: Apache-2.0
#include "supervisor/lifecycle.h"

#include <algorithm>
#include <utility>

namespace lares::supervisor {
namespace {

// `first` doubled `times` times, at most `most`.
base::Duration Doubled(base::Duration first, std::size_t times, base::Duration most) {
  base::Duration wait = first;
  while (times-- > 0 && wait < most) wait *= 2;
  return std::min(wait, most);
}

}  // namespace

const char* PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kStopped:
      return "stopped";
    case Phase::kStarting:
      return "starting";
    case Phase::kCalibrating:
      return "calibrating";
    case Phase::kReady:
      return "ready";
    case Phase::kDraining:
      return "draining";
    case Phase::kCrashed:
      return "crashed";
    case Phase::kQuarantined:
      return "quarantined";
  }
  return "unknown";
}

void Lifecycle::Enter(Phase phase, base::Time now) {
  view_.phase = phase;
  view_.since = now;
  view_.next_try.reset();
}

void Lifecycle::Want(bool running, base::Time now) {
  wanted_ = running;
  if (running && view_.phase == Phase::kQuarantined) {
    Forgive();
    Enter(Phase::kStopped, now);
  }
  if (running || view_.phase == Phase::kStopped || view_.phase == Phase::kDraining) return;
  if (!alive_) {
    Enter(Phase::kStopped, now);
    return;
  }
  Enter(Phase::kDraining, now);
  terminate_ = true;
  kill_at_ = now + options_.drain_limit;
}

void Lifecycle::OnProgress(int percent) {
  if (view_.phase == Phase::kStarting) view_.percent = std::clamp(percent, view_.percent, 100);
}

void Lifecycle::OnLoaded(base::Time now) {
  if (view_.phase == Phase::kStarting) Enter(Phase::kCalibrating, now);
}

void Lifecycle::OnReady(base::Time now) {
  if (view_.phase != Phase::kStarting && view_.phase != Phase::kCalibrating) return;
  Enter(Phase::kReady, now);
  view_.cause.clear();
}

void Lifecycle::OnHung(const std::string& cause) {
  if (!alive_ || kill_ || !hung_.empty()) return;
  hung_ = cause.empty() ? "it hung" : cause;
  kill_ = true;
  kill_at_.reset();
}

void Lifecycle::OnExit(const std::string& cause, base::Time now) {
  if (!alive_) return;
  alive_ = terminate_ = kill_ = false;
  kill_at_.reset();
  const std::string why = hung_.empty() ? cause : std::exchange(hung_, {});
  if (view_.phase == Phase::kDraining) {
    Enter(Phase::kStopped, now);
  } else {
    Crash(why, now);
  }
}

void Lifecycle::Forgive() {
  crashes_.clear();
  in_a_row_ = quarantines_ = 0;
}

void Lifecycle::Crash(const std::string& cause, base::Time now) {
  if (view_.phase == Phase::kReady && now - view_.since >= options_.well_after) Forgive();
  view_.cause = cause;
  ++view_.crashes;
  crashes_.push_back(now);
  if (Spent(now)) {
    Enter(Phase::kQuarantined, now);
    view_.next_try =
        now + Shortened(Doubled(options_.first_quarantine, quarantines_++, options_.most_quarantine));
    return;
  }
  Enter(Phase::kCrashed, now);
  view_.next_try = now + Wait();
  ++in_a_row_;
}

bool Lifecycle::Spent(base::Time now) {
  while (!crashes_.empty() && now - crashes_.front() > options_.window) crashes_.pop_front();
  while (crashes_.size() > options_.budget + 1) crashes_.pop_front();
  // After a quarantine there is one try, until it has been well.
  return quarantines_ > 0 || crashes_.size() > options_.budget;
}

base::Duration Lifecycle::Wait() {
  if (in_a_row_ == 0) return base::Duration::zero();
  return Shortened(Doubled(options_.first_wait, in_a_row_ - 1, options_.most_wait));
}

base::Duration Lifecycle::Shortened(base::Duration wait) {
  const double part = std::uniform_real_distribution<double>(1 - options_.jitter, 1)(random_);
  return std::chrono::duration_cast<base::Duration>(wait * part);
}

Action Lifecycle::Next(base::Time now) {
  if (alive_) {
    if (kill_at_ && now >= *kill_at_) {
      kill_ = true;
      kill_at_.reset();
    }
    if (std::exchange(kill_, false)) {
      terminate_ = false;
      return Action::kKill;
    }
    return std::exchange(terminate_, false) ? Action::kTerminate : Action::kNone;
  }
  if (!wanted_ || (view_.next_try && now < *view_.next_try)) return Action::kNone;
  Enter(Phase::kStarting, now);
  view_.percent = 0;
  alive_ = true;
  return Action::kSpawn;
}

std::optional<base::Time> Lifecycle::wake() const {
  if (alive_) return kill_at_;
  return wanted_ ? view_.next_try : std::nullopt;
}

}  // namespace lares::supervisor
