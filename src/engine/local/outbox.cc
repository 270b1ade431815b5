// SPDX-License-Identifier: Apache-2.0
#include "engine/local/outbox.h"

#include <utility>

namespace lares::engine {

core::EventBatch& Outbox::BatchOf(const std::shared_ptr<EventSink>& sink) {
  for (auto& [known, batch] : batches_) {
    if (known == sink) return batch;
  }
  return batches_.emplace_back(sink, core::EventBatch{}).second;
}

void Outbox::Add(const std::shared_ptr<EventSink>& sink, core::Admitted event) {
  BatchOf(sink).admitted.push_back(std::move(event));
}
void Outbox::Add(const std::shared_ptr<EventSink>& sink, core::Started event) {
  BatchOf(sink).started.push_back(std::move(event));
}
void Outbox::Add(const std::shared_ptr<EventSink>& sink, core::Delta event) {
  BatchOf(sink).deltas.push_back(std::move(event));
}
void Outbox::Add(const std::shared_ptr<EventSink>& sink, core::Terminal event) {
  BatchOf(sink).terminals.push_back(std::move(event));
}

void Outbox::Flush() {
  const base::Time now = clock_.Now();
  for (auto& [sink, batch] : batches_) {
    batch.made = now;
    sink->Deliver(std::move(batch));
  }
  batches_.clear();
}

}  // namespace lares::engine
