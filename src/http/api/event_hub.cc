// SPDX-License-Identifier: Apache-2.0
#include "http/api/event_hub.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace lares::http::api {

void EventHub::Deliver(core::EventBatch batch) {
  executor_->Post([self = shared_from_this(), shared = std::make_shared<core::EventBatch>(std::move(batch))] {
    self->Dispatch(*shared);
  });
}

void EventHub::Listen(const std::string& request_id, std::shared_ptr<EventListener> listener) {
  listeners_[request_id] = std::move(listener);
}

void EventHub::Dispatch(core::EventBatch& batch) {
  std::vector<std::shared_ptr<EventListener>> touched;
  const auto find = [&](const std::string& id) -> EventListener* {
    const auto it = listeners_.find(id);
    if (it == listeners_.end()) return nullptr;
    // A request's events of one step stand together, so looking at the last one finds nearly all repeats.
    if (touched.empty() || touched.back() != it->second) touched.push_back(it->second);
    return it->second.get();
  };
  for (const core::Waiting& event : batch.waiting) {
    if (EventListener* listener = find(event.request)) listener->OnWaiting(event);
  }
  for (const core::Admitted& event : batch.admitted) {
    if (EventListener* listener = find(event.request)) listener->OnAdmitted(event);
  }
  for (core::Delta& event : batch.deltas) {
    // The listener is found by the id in the event, so the event is moved only after.
    if (EventListener* listener = find(event.request)) listener->OnDelta(std::move(event));
  }
  for (const core::Terminal& event : batch.terminals) {
    if (EventListener* listener = find(event.request)) listener->OnTerminal(event);
    listeners_.erase(event.request);
  }
  std::ranges::sort(touched);
  const auto repeats = std::ranges::unique(touched);
  touched.erase(repeats.begin(), repeats.end());
  for (const auto& listener : touched) listener->OnStepEnd(batch.made);
}

}  // namespace lares::http::api
