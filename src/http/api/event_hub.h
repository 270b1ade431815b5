// SPDX-License-Identifier: Apache-2.0
//
// Where the events of all requests of one I/O thread arrive: one post per engine step, however many streams
// there are, and on the thread itself a look-up by request id. Everything but Deliver is called on the
// thread.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "core/token_event.h"
#include "engine/engine.h"
#include "http/executor.h"

namespace lares::http::api {

// One request's listener.
class EventListener {
 public:
  virtual ~EventListener() = default;
  virtual void OnWaiting(const core::Waiting& event) = 0;
  virtual void OnAdmitted(const core::Admitted& event) = 0;
  virtual void OnDelta(core::Delta event) = 0;
  virtual void OnTerminal(const core::Terminal& event) = 0;
  // After the last of a step's events for this listener: what they became may go out in one piece.
  virtual void OnStepEnd(base::Time made) = 0;
};

class EventHub final : public engine::EventSink, public std::enable_shared_from_this<EventHub> {
 public:
  explicit EventHub(std::shared_ptr<Executor> executor) : executor_(std::move(executor)) {}

  void Deliver(core::EventBatch batch) override;

  // Until the request's Terminal has been told.
  void Listen(const std::string& request_id, std::shared_ptr<EventListener> listener);
  void Forget(const std::string& request_id) { listeners_.erase(request_id); }

 private:
  void Dispatch(core::EventBatch& batch);

  const std::shared_ptr<Executor> executor_;
  std::unordered_map<std::string, std::shared_ptr<EventListener>> listeners_;
};

}  // namespace lares::http::api
