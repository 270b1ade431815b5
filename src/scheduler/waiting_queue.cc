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
    const auto key = [&](const Job& job) {
      return std::tuple(Urgency(job, now, max_wait_), job.tenant->served + job.tenant->promised, job.arrival);
    };
    return key(a) < key(b);
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
