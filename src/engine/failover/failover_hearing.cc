// SPDX-License-Identifier: Apache-2.0
//
// What engines say of requests, and what of it their clients hear.
#include <utility>

#include "engine/failover/failover_state.h"

namespace lares::engine {

using base::Code;

Entry* FailoverEngine::State::Find(const std::string& id, std::uint64_t number) {
  const auto found = entries.find(id);
  if (found == entries.end() || found->second.engine != number) return nullptr;
  const Place place = found->second.place;
  return place == Place::kGiven || place == Place::kProbed ? &found->second : nullptr;
}

void FailoverEngine::State::Hear(std::uint64_t number, core::EventBatch batch) {
  Post post;
  std::vector<std::string> settling;
  {
    const std::lock_guard lock(mutex);
    for (core::Admitted& event : batch.admitted) HearOne(number, event, post);
    for (core::Started& event : batch.started) HearOne(number, event, post);
    for (core::Delta& event : batch.deltas) HearDelta(number, event, batch.made, post);
    for (core::Terminal& event : batch.terminals) HearTerminal(number, event, post, settling);
  }
  post.Send(batch.made);
  if (settling.empty()) return;
  {
    const std::lock_guard lock(mutex);
    for (const std::string& id : settling) Settle(id);
    Pump(post);
  }
  Do(post, clock.Now());
}

void FailoverEngine::State::HearOne(std::uint64_t number, core::Admitted& event, Post& post) {
  Entry* entry = Find(event.request, number);
  if (entry == nullptr) return;
  const std::int32_t before = entry->resumable.continuations();
  const bool news = entry->resumable.Take(event, entry->place == Place::kProbed);
  if (entry->resumable.continuations() > before) continuations.Add();
  if (!news) return;
  post.To(entry->resumable.sink()).admitted.push_back(std::move(event));
}

void FailoverEngine::State::HearOne(std::uint64_t number, core::Started& event, Post& post) {
  Entry* entry = Find(event.request, number);
  if (entry == nullptr || entry->place == Place::kProbed || !entry->resumable.Take(event)) return;
  post.To(entry->resumable.sink()).started.push_back(std::move(event));
}

void FailoverEngine::State::HearDelta(std::uint64_t number, core::Delta& event, base::Time made, Post& post) {
  Entry* entry = Find(event.request, number);
  if (entry == nullptr || entry->place == Place::kProbed || !entry->resumable.Take(event, made)) return;
  post.To(entry->resumable.sink()).deltas.push_back(std::move(event));
}

void FailoverEngine::State::HearTerminal(std::uint64_t number, core::Terminal& event, Post& post,
                                         std::vector<std::string>& settling) {
  Entry* entry = Find(event.request, number);
  if (entry == nullptr) return;
  const bool given_back = event.error && (IsLoss(*event.error) || (entry->moving && !entry->cancelled &&
                                                                   event.error->code() == Code::kCancelled));
  const bool passed = entry->place == Place::kProbed && !event.error;
  if (!given_back && !passed) {
    if (entry->place == Place::kProbed) {
      event = entry->resumable.End(std::move(*event.error), clock.Now());
    } else {
      entry->resumable.Finish(event, clock.Now());
    }
    return End(*entry, std::move(event), post);
  }
  if (passed) blame.OnPassed(event.request);
  entry->place = Place::kSettling;
  entry->moving = false;
  settling.push_back(event.request);
}

void FailoverEngine::State::Settle(const std::string& id) {
  const auto found = entries.find(id);
  if (found == entries.end()) return;
  found->second.place = Place::kWaiting;
  waiting.emplace(found->second.order, &found->second);
}

}  // namespace lares::engine
