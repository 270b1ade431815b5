// SPDX-License-Identifier: Apache-2.0
#include "engine/failover/failover_state.h"

#include "engine/failover/identity.h"
#include "engine/refusals.h"

namespace lares::engine {

using base::Code;

base::Error RequestQuarantined() {
  return base::Error(Code::kInternal,
                     "this request ended the model's process twice; it is not tried again for a while")
      .WithReason("request_quarantined");
}

base::Error ServerStopping() {
  return base::Error(Code::kUnavailable, "the server is stopping").WithReason("stopping");
}

bool IsLoss(const base::Error& error) { return error.reason() == "worker_lost"; }

core::EngineStatus FailoverEngine::State::StatusNow() const {
  core::EngineStatus status = known;
  if (engine) {
    status = engine->Status();
    if (status.state != core::EngineState::kReady) status.state = core::EngineState::kRestarting;
  } else {
    status.state = outage.state;
    status.load_percent = outage.load_percent;
    status.failure = outage.failure;
  }
  if (stopped) status.state = core::EngineState::kStopped;
  status.trouble = outage.trouble;
  status.crashes = outage.crashes;
  if (options.known.planned_bytes > 0) status.planned_bytes = options.known.planned_bytes;
  return status;
}

std::optional<base::Error> FailoverEngine::State::WhyNotNow(base::Time now) const {
  if (stopped) return ServerStopping();
  if (engine) return std::nullopt;
  switch (outage.state) {
    case core::EngineState::kRestarting:
      return WhyNotWait(now);
    case core::EngineState::kLoading:
    case core::EngineState::kUnloaded:
      return std::nullopt;
    default:
      return WhyNotReady(outage.state, outage.load_percent, outage.failure, was_ready);
  }
}

std::optional<base::Error> FailoverEngine::State::WhyNotWait(base::Time now) const {
  if (!outage.trouble || !outage.trouble->next_try) return std::nullopt;
  const base::Duration wait = *outage.trouble->next_try - now;
  if (wait <= options.most_wait) return std::nullopt;
  return base::Error(Code::kUnavailable,
                     "the model's process has failed too often and is left alone: " + outage.trouble->cause)
      .WithReason("model_unavailable")
      .WithRetryAfter(std::chrono::ceil<std::chrono::milliseconds>(wait));
}

base::Error FailoverEngine::State::Full(const std::string& tenant) const {
  if (engine || outage.state == core::EngineState::kRestarting) {
    return QueueFull(entries.size(), room.held(tenant), StatusNow().retry_after);
  }
  constexpr auto kUnknown = std::chrono::seconds(2);
  const base::Duration left = outage.loading_left.value_or(kUnknown);
  return base::Error(Code::kUnavailable, WhatIsWaitedFor() + ", and " + std::to_string(entries.size()) +
                                             " requests wait for it already")
      .WithReason("model_loading")
      .WithRetryAfter(std::max(std::chrono::ceil<std::chrono::milliseconds>(left),
                               std::chrono::milliseconds(std::chrono::seconds(1))));
}

std::string FailoverEngine::State::WhatIsWaitedFor() const {
  if (outage.state == core::EngineState::kRestarting) return "the model's process is being replaced";
  if (outage.state == core::EngineState::kUnloaded) return "the model waits to be loaded";
  return "the model is loading, " + std::to_string(outage.load_percent) + " percent done";
}

void FailoverEngine::State::TellWaiting(Post& post) {
  const std::string why = WhatIsWaitedFor();
  for (const auto& [order, entry] : waiting) {
    if (entry->resumable.admitted()) continue;  // a stream that has begun keeps itself alive
    post.To(entry->resumable.sink()).waiting.push_back({entry->resumable.request().id, why});
  }
}

std::optional<base::Error> FailoverEngine::State::WhyQuarantined(const core::GenerateRequest& request,
                                                                 base::Time now) {
  if (quarantine.size() == 0 || !quarantine.Holds(IdentityOf(request), now)) return std::nullopt;
  quarantined.Add();
  return RequestQuarantined();
}

void FailoverEngine::State::End(Entry& entry, core::Terminal terminal, Post& post) {
  const std::string id = entry.resumable.request().id;
  blame.OnEnd(id);
  waiting.erase(entry.order);
  last_use = clock.Now();
  post.To(entry.resumable.sink()).terminals.push_back(std::move(terminal));
  room.Give(entry.resumable.request().principal.tenant);
  entries.erase(id);
}

void FailoverEngine::State::End(Entry& entry, base::Error error, Post& post) {
  core::Terminal terminal = entry.resumable.End(std::move(error), clock.Now());
  End(entry, std::move(terminal), post);
}

void FailoverEngine::State::Pump(Post& post) {
  const base::Time now = clock.Now();
  for (auto next = waiting.begin(); next != waiting.end();) {
    Entry& entry = *(next++)->second;
    if (stopped) {
      End(entry, ServerStopping(), post);
    } else if (entry.cancelled) {
      End(entry, base::Error(Code::kCancelled, "the client went away"), post);
    } else if (MayGive(entry.resumable.request().id)) {
      Give(entry, blame.suspects() > 0 ? entry.resumable.OneStep() : entry.resumable.request(), now, post);
    }
  }
  changed.notify_all();
}

void FailoverEngine::State::Give(Entry& entry, core::GenerateRequest request, base::Time now, Post& post) {
  const bool probe = blame.suspects() > 0;
  entry.resumable.Given(now);
  entry.place = probe ? Place::kProbed : Place::kGiven;
  entry.engine = attached;
  waiting.erase(entry.order);
  post.gifts.push_back({std::move(request), engine, ear, attached});
}

void FailoverEngine::State::Do(Post& post, base::Time made) {
  post.Send(made);
  while (!post.gifts.empty()) {
    for (Gift& gift : std::exchange(post.gifts, {})) HandOver(gift, post);
    post.Send(clock.Now());
  }
}

void FailoverEngine::State::HandOver(Gift& gift, Post& post) {
  const std::string id = gift.request.id;
  const auto taken = gift.engine->Submit(std::move(gift.request), gift.ear);
  bool unwanted = false;
  {
    const std::lock_guard lock(mutex);
    Entry* entry = Find(id, gift.number);
    if (entry == nullptr) return;  // it has ended already
    // Whoever cancelled it meanwhile was not heard.
    unwanted = taken && (entry->cancelled || entry->moving);
    if (!taken) TakeBack(*entry, taken.error(), post);
  }
  if (unwanted) gift.engine->Cancel(id);
}

void FailoverEngine::State::TakeBack(Entry& entry, const base::Error& why, Post& post) {
  if (why.code() != Code::kUnavailable && why.code() != Code::kResourceExhausted) {
    return End(entry, why, post);
  }
  entry.place = Place::kWaiting;
  entry.moving = false;
  waiting.emplace(entry.order, &entry);
  if (stopped || entry.cancelled) Pump(post);
}

}  // namespace lares::engine
