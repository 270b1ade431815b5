// SPDX-License-Identifier: Apache-2.0
//
// Sequences that hold no slot, in the order in which they should get one: by class (who waited longer than
// max_wait counts as one of the first), then the tenant that was served least, then by arrival. Does not own
// jobs. Not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/clock.h"
#include "scheduler/job.h"
#include "scheduler/prefix_tree.h"

namespace lares::scheduler {

class WaitingQueue {
 public:
  explicit WaitingQueue(base::Duration max_wait) : max_wait_(max_wait) {}

  void Push(Job* job);  // at its place by arrival
  void Remove(Job* job);

  // The first in order that `may` go; null when there is none.
  Job* Next(base::Time now, const std::function<bool(Job&)>& may) const;

  // The longest prefix of `content` that one of the waiting prompts begins with.
  std::size_t Wanted(std::uint64_t salt, PrefixTree::Symbols content) const {
    return prompts_.LongestLength(salt, content);
  }

  std::size_t size() const { return size_; }
  std::int64_t rows() const { return rows_; }
  void ForEach(const std::function<void(const Job&)>& visit) const;

 private:
  using Lane = std::map<std::uint64_t, Job*>;  // by arrival
  using LaneKey = std::pair<core::ServiceClass, FairShare::Tenant*>;

  const base::Duration max_wait_;
  std::map<LaneKey, Lane> lanes_;  // never an empty one
  PrefixTree prompts_;
  std::size_t size_ = 0;
  std::int64_t rows_ = 0;
};

}  // namespace lares::scheduler
