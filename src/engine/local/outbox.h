// SPDX-License-Identifier: Apache-2.0
//
// Collects events and hands each sink one batch of them: after each call of a step, and between steps. Engine
// thread only.
#pragma once

#include <memory>
#include <vector>

#include "base/clock.h"
#include "core/token_event.h"
#include "engine/engine.h"

namespace lares::engine {

class Outbox {
 public:
  explicit Outbox(const base::Clock& clock) : clock_(clock) {}

  void Add(const std::shared_ptr<EventSink>& sink, core::Admitted event);
  void Add(const std::shared_ptr<EventSink>& sink, core::Started event);
  void Add(const std::shared_ptr<EventSink>& sink, core::Delta event);
  void Add(const std::shared_ptr<EventSink>& sink, core::Terminal event);
  void Flush();

 private:
  core::EventBatch& BatchOf(const std::shared_ptr<EventSink>& sink);

  const base::Clock& clock_;
  std::vector<std::pair<std::shared_ptr<EventSink>, core::EventBatch>> batches_;
};

}  // namespace lares::engine
