// SPDX-License-Identifier: Apache-2.0
//
// A sink that keeps everything it is given; for tests of engines and of what stands above them. It can hold
// the engine in a delivery, so that a test acts at a known moment. Thread safe.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace lares::engine {

// All that came for one request.
struct Record {
  std::vector<std::string> waiting;
  std::vector<core::Admitted> admitted;
  std::vector<core::Delta> deltas;
  std::vector<core::Terminal> terminals;
  bool late = false;  // something came after the terminal

  std::string Text(std::int32_t choice = 0) const {
    std::string text;
    for (const core::Delta& d : deltas) {
      if (d.choice == choice) text += d.text;
    }
    return text;
  }
  std::vector<core::TokenId> Ids(std::int32_t choice = 0) const {
    std::vector<core::TokenId> ids;
    for (const core::Delta& d : deltas) {
      if (d.choice == choice) ids.insert(ids.end(), d.ids.begin(), d.ids.end());
    }
    return ids;
  }
  std::vector<core::FinishReason> Finishes(std::int32_t choice = 0) const {
    std::vector<core::FinishReason> reasons;
    for (const core::Delta& d : deltas) {
      if (d.choice == choice && d.finish) reasons.push_back(*d.finish);
    }
    return reasons;
  }
};

class RecordingSink final : public EventSink {
 public:
  void Deliver(core::EventBatch batch) override {
    std::unique_lock lock(mutex_);
    for (auto& w : batch.waiting) Of(w.request).waiting.push_back(std::move(w.why));
    for (auto& a : batch.admitted) Of(a.request).admitted.push_back(std::move(a));
    for (auto& d : batch.deltas) Of(d.request).deltas.push_back(std::move(d));
    for (auto& t : batch.terminals) records_[t.request].terminals.push_back(std::move(t));
    changed_.notify_all();
    changed_.wait(lock, [&] { return hold_.empty() || records_[hold_].Ids().size() < hold_at_; });
  }

  // From when `request` has sent `ids` token ids, deliveries do not return until Release.
  void HoldAt(const std::string& request, std::size_t ids) {
    const std::lock_guard lock(mutex_);
    hold_ = request;
    hold_at_ = ids;
  }
  void Release() {
    const std::lock_guard lock(mutex_);
    hold_.clear();
    changed_.notify_all();
  }

  // What has come so far.
  Record Now(const std::string& request) {
    const std::lock_guard lock(mutex_);
    return records_[request];
  }

  // Blocks until the request has ended.
  Record Wait(const std::string& request) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !records_[request].terminals.empty(); });
    return records_[request];
  }

  // Blocks until the request has sent `ids` token ids, or has ended.
  void WaitForIds(const std::string& request, std::size_t ids) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      const Record& r = records_[request];
      return !r.terminals.empty() || r.Ids().size() >= ids;
    });
  }

 private:
  Record& Of(const std::string& request) {
    Record& record = records_[request];
    if (!record.terminals.empty()) record.late = true;
    return record;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Record> records_;
  std::string hold_;  // empty: nothing is held
  std::size_t hold_at_ = 0;
};

}  // namespace lares::engine
