// SPDX-License-Identifier: Apache-2.0
#include "worker/progress.h"

#include <utility>

namespace lares::worker {
namespace {

// A percent of a large model on a slow disk; reading it is no hang.
constexpr auto kMostOfAPercent = std::chrono::seconds(60);
// A gateway takes them every 20 ms.
constexpr std::size_t kMostReports = 256;

}  // namespace

void Progress::OnLoading(int percent) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(percent_, percent) == percent) return;
  }
  const base::Time now = clock_.Now();
  if (page_ != nullptr) page_->Begin({}, now, now + kMostOfAPercent);
}

void Progress::OnPreparing(std::string_view request) {
  if (page_ == nullptr) return;
  page_->AddPreparing(request);
  page_->Beat();
}

void Progress::OnPrepared(std::string_view request) {
  if (page_ == nullptr) return;
  page_->RemovePreparing(request);
  page_->Beat();
}

void Progress::OnStepBegin(std::span<const std::string_view> requests, base::Time began,
                           base::Duration predicted) {
  if (page_ != nullptr) page_->Begin(requests, began, began + predicted);
}

void Progress::OnAlive() {
  if (page_ != nullptr) page_->Beat();
}

void Progress::OnStepEnd() {
  if (page_ != nullptr) page_->Rest();
}

void Progress::OnReport(const engine::StepReport& report) {
  const std::lock_guard lock(mutex_);
  if (reports_.size() < kMostReports) {
    reports_.push_back(report);
    return;
  }
  engine::StepReport sum = report;
  sum.preemptions += reports_.back().preemptions;
  sum.evictions += reports_.back().evictions;
  reports_.back() = sum;
}

std::vector<engine::StepReport> Progress::TakeReports() {
  const std::lock_guard lock(mutex_);
  return std::exchange(reports_, {});
}

}  // namespace lares::worker
