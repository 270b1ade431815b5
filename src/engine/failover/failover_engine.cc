// SPDX-License-Identifier: Apache-2.0
#include "engine/failover/failover_engine.h"

#include <algorithm>
#include <utility>

#include "engine/failover/failover_state.h"
#include "engine/failover/identity.h"
#include "engine/refusals.h"

namespace lares::engine {

using base::Code;

FailoverEngine::FailoverEngine(FailoverOptions options, const base::Clock& clock, base::Metrics& metrics,
                               base::Logger& log)
    : state_(std::make_shared<State>(std::move(options), clock, metrics, log)) {}

FailoverEngine::~FailoverEngine() {
  Stop();
  std::shared_ptr<Engine> engine;
  std::shared_ptr<State::Ear> ear;
  const std::lock_guard lock(state_->mutex);
  engine.swap(state_->engine);
  ear.swap(state_->ear);
}

void FailoverEngine::Attach(std::shared_ptr<Engine> engine) {
  const core::EngineStatus status = engine->Status();
  Post post;
  std::vector<std::string> moving;
  std::shared_ptr<Engine> old;
  {
    const std::lock_guard lock(state_->mutex);
    old = std::exchange(state_->engine, std::move(engine));
    state_->known = status;
    state_->ear = std::make_shared<State::Ear>(state_, ++state_->attached);
    state_->was_ready = true;
    state_->room.Widen(state_->options.max_waiting + static_cast<std::size_t>(std::max(status.slots, 0)));
    for (auto& [id, entry] : state_->entries) {
      if (entry.place != Place::kGiven && entry.place != Place::kProbed) continue;
      entry.moving = true;
      moving.push_back(id);
    }
    state_->Pump(post);
  }
  state_->Do(post, state_->clock.Now());
  if (!old) return;
  for (const std::string& id : moving) old->Cancel(id);
}

bool FailoverEngine::Uses(const Engine& engine) const {
  const std::lock_guard lock(state_->mutex);
  const bool current = state_->engine.get() == &engine;
  return std::ranges::any_of(state_->entries, [&](const auto& each) {
    const Entry& entry = each.second;
    return entry.place != Place::kWaiting && (entry.engine == state_->attached) == current;
  });
}

void FailoverEngine::Lost(const Engine& engine, const std::function<bool(const std::string&)>& at_work) {
  Post post;
  std::shared_ptr<Engine> gone;
  std::shared_ptr<State::Ear> deaf;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->engine.get() != &engine) return;
    gone = std::move(state_->engine);
    deaf = std::move(state_->ear);
    std::map<std::uint64_t, std::string> by_order;
    for (const auto& [id, entry] : state_->entries) {
      if (entry.engine == state_->attached && at_work(id)) by_order.emplace(entry.order, id);
    }
    std::vector<std::string> suspects;
    suspects.reserve(by_order.size());
    for (auto& [order, id] : by_order) suspects.push_back(std::move(id));
    for (const auto& [name, number] : state_->calling) {
      if (number == state_->attached) suspects.push_back(name);
    }
    if (const auto guilty = state_->blame.OnCrash(suspects)) {
      state_->log.Error("a request ended the model's process twice and is not tried again",
                        {{"model", state_->options.model}, {"request", *guilty}});
      const auto found = state_->entries.find(*guilty);
      if (found == state_->entries.end()) {
        state_->guilty_calls.insert(*guilty);
      } else {
        state_->quarantine.Add(IdentityOf(found->second.resumable.request()), state_->clock.Now());
        state_->quarantined.Add();
        state_->End(found->second, RequestQuarantined(), post);
      }
    }
    state_->changed.notify_all();
  }
  state_->Do(post, state_->clock.Now());
}

void FailoverEngine::SetOutage(Outage outage) {
  Post post;
  {
    const std::lock_guard lock(state_->mutex);
    const std::string before = state_->WhatIsWaitedFor();
    state_->outage = std::move(outage);
    if (!state_->engine && before != state_->WhatIsWaitedFor()) state_->TellWaiting(post);
    state_->changed.notify_all();
  }
  state_->Do(post, state_->clock.Now());
}

bool FailoverEngine::Retire() {
  std::shared_ptr<Engine> gone;
  std::shared_ptr<State::Ear> deaf;
  const std::lock_guard lock(state_->mutex);
  state_->retiring = true;
  if (state_->entries.size() > state_->waiting.size() || !state_->calling.empty()) return false;
  gone = std::move(state_->engine);
  deaf = std::move(state_->ear);
  state_->retiring = false;
  // What comes from now on asks for it anew, and so does what waits.
  state_->outage.state = core::EngineState::kUnloaded;
  if (!state_->waiting.empty()) state_->Demand();
  return true;
}

void FailoverEngine::Recall() {
  Post post;
  {
    const std::lock_guard lock(state_->mutex);
    state_->retiring = false;
    state_->Pump(post);
  }
  state_->Do(post, state_->clock.Now());
}

bool FailoverEngine::attached() const {
  const std::lock_guard lock(state_->mutex);
  return state_->engine != nullptr;
}

bool FailoverEngine::busy() const {
  const std::lock_guard lock(state_->mutex);
  return !state_->entries.empty() || !state_->calling.empty();
}

std::uint64_t FailoverEngine::uses() const {
  const std::lock_guard lock(state_->mutex);
  return state_->orders + state_->calls;
}

std::optional<base::Time> FailoverEngine::last_used() const {
  const std::lock_guard lock(state_->mutex);
  if (!state_->entries.empty() || !state_->calling.empty()) return state_->clock.Now();
  return state_->last_use;
}

void FailoverEngine::Tick() {
  Post post;
  {
    const std::lock_guard lock(state_->mutex);
    const base::Time now = state_->clock.Now();
    const auto refusal = state_->engine ? std::nullopt : state_->WhyNotNow(now);
    for (auto next = state_->waiting.begin(); next != state_->waiting.end();) {
      Entry& entry = *(next++)->second;
      const auto& deadline = entry.resumable.request().deadline;
      if (deadline && now >= *deadline) {
        state_->End(entry, base::Error(Code::kDeadlineExceeded, "the request's deadline has passed"), post);
      } else if (refusal) {
        state_->End(entry, *refusal, post);
      }
    }
    state_->Pump(post);
  }
  state_->Do(post, state_->clock.Now());
}

void FailoverEngine::Stop() {
  Post post;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopped = true;
    while (!state_->waiting.empty()) {
      state_->End(*state_->waiting.begin()->second, ServerStopping(), post);
    }
    state_->changed.notify_all();
  }
  state_->Do(post, state_->clock.Now());
}

base::Status FailoverEngine::Submit(core::GenerateRequest request, std::shared_ptr<EventSink> sink) {
  Post post;
  core::GenerateRequest copy = request;
  {
    const std::lock_guard lock(state_->mutex);
    const base::Time now = state_->clock.Now();
    // It need not be loaded to be refused.
    if (state_->options.known.purpose != core::ModelPurpose::kGenerate) {
      return base::Fail(CannotGenerate(state_->options.model));
    }
    if (auto why = state_->WhyNotNow(now)) return base::Fail(std::move(*why));
    if (auto why = state_->WhyQuarantined(request, now)) return base::Fail(std::move(*why));
    const std::string id = request.id;
    if (state_->entries.contains(id)) {
      return base::Fail(Code::kAlreadyExists, "a request with this id is running");
    }
    const std::string& tenant = request.principal.tenant;
    if (!state_->room.Take(tenant)) return base::Fail(state_->Full(tenant));
    auto [place, added] = state_->entries.try_emplace(id, ++state_->orders,
                                                      Resumable(std::move(request), std::move(sink), now));
    Entry& entry = place->second;
    state_->waiting.emplace(entry.order, &entry);
    if (state_->MayGive(id)) state_->Give(entry, std::move(copy), now, post);
    if (!state_->engine) {
      post.To(entry.resumable.sink()).waiting.push_back({id, state_->WhatIsWaitedFor()});
    }
    state_->Demand();
  }
  state_->Do(post, state_->clock.Now());
  return {};
}

void FailoverEngine::Cancel(const std::string& request_id) {
  Post post;
  std::shared_ptr<Engine> engine;
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->entries.find(request_id);
    if (found == state_->entries.end() || std::exchange(found->second.cancelled, true)) return;
    if (found->second.place == Place::kWaiting) {
      state_->End(found->second, base::Error(Code::kCancelled, "the client went away"), post);
    } else {
      engine = state_->engine;
    }
  }
  state_->Do(post, state_->clock.Now());
  if (engine) engine->Cancel(request_id);
}

core::EngineStatus FailoverEngine::Status() const {
  const std::lock_guard lock(state_->mutex);
  return state_->StatusNow();
}

}  // namespace lares::engine
