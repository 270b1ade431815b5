// SPDX-License-Identifier: Apache-2.0
//
// A worker's engine as others see it: what it is about goes onto the shared page, what it did is kept until
// the next message takes it along. Thread safe.
#pragma once

#include <mutex>
#include <vector>

#include "base/clock.h"
#include "engine/observer.h"
#include "worker/progress_page.h"

namespace lares::worker {

class Progress final : public engine::Observer {
 public:
  // Without a page, only reports are kept. Both outlive this.
  Progress(ProgressPage* page, const base::Clock& clock) : page_(page), clock_(clock) {}

  void OnLoading(int percent) override;
  void OnPreparing(std::string_view request) override;
  void OnPrepared(std::string_view request) override;
  void OnStepBegin(std::span<const std::string_view> requests, base::Time began,
                   base::Duration predicted) override;
  void OnAlive() override;
  void OnStepEnd() override;
  void OnReport(const engine::StepReport& report) override;

  std::vector<engine::StepReport> TakeReports();

 private:
  ProgressPage* const page_;
  const base::Clock& clock_;
  std::mutex mutex_;
  int percent_ = -1;
  std::vector<engine::StepReport> reports_;  // bounded: counts are added up beyond
};

}  // namespace lares::worker
