// SPDX-License-Identifier: Apache-2.0
#include "scheduler/waiting_queue.h"

#include <tuple>

#include "base/check.h"

namespace lares::scheduler {

void WaitingQueue::Push(Job* job) {
  const bool added = lanes_[{job->service_class, job->tenant}].emplace(job->arrival, job).second;
  LARES_CHECK(added);
  prompts_.Insert(job->id, job->salt, job->symbols.First(job->symbols.size()));
  ++size_;
  rows_ += job->symbols.rows();
}

void WaitingQueue::Remove(Job* job) {
  const auto lane = lanes_.find({job->service_class, job->tenant});
  LARES_CHECK(lane != lanes_.end());
  LARES_CHECK(lane->second.erase(job->arrival) == 1);
  if (lane->second.empty()) lanes_.erase(lane);
  prompts_.Remove(job->id);
  --size_;
  rows_ -= job->symbols.rows();
}

Job* WaitingQueue::Next(base::Time now, const std::function<bool(Job&)>& may) const {
  Job* best = nullptr;
  const auto before = [&](const Job& a, const Job& b) {
    const int urgency_a = Urgency(a, now, max_wait_);
    const int urgency_b = Urgency(b, now, max_wait_);
    if (urgency_a != urgency_b) return urgency_a < urgency_b;
    if (urgency_a == 0) return a.arrival < b.arrival;
    const double share_a = a.tenant->served + a.tenant->promised;
    const double share_b = b.tenant->served + b.tenant->promised;
    return std::tie(share_a, a.arrival) < std::tie(share_b, b.arrival);
  };
  for (const auto& [key, lane] : lanes_) {
    for (const auto& [arrival, job] : lane) {
      if (!may(*job)) continue;
      if (best == nullptr || before(*job, *best)) best = job;
      break;
    }
  }
  return best;
}

void WaitingQueue::ForEach(const std::function<void(const Job&)>& visit) const {
  for (const auto& [key, lane] : lanes_) {
    for (const auto& [arrival, job] : lane) visit(*job);
  }
}

}  // namespace lares::scheduler
