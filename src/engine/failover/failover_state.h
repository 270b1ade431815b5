// SPDX-License-Identifier: Apache-2.0
//
// The inside of a failover engine: its requests, the engine beneath, and what is decided about both. One
// mutex over all of it; what is decided with it held is done without it (Post), because sinks and engines may
// call back.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/failover/failover_engine.h"
#include "engine/failover/resumable.h"
#include "engine/shared_room.h"
#include "supervisor/blame.h"

namespace lares::engine {

enum class Place : std::uint8_t {
  kWaiting,
  kGiven,     // an engine works for the client
  kProbed,    // an engine works to see whether it survives; nobody hears it
  kSettling,  // an engine gave it back; what it said last is being delivered
};

struct Entry {
  Entry(std::uint64_t o, Resumable r) : order(o), resumable(std::move(r)) {}
  const std::uint64_t order;
  Resumable resumable;
  Place place = Place::kWaiting;
  std::uint64_t engine = 0;  // which one it was given to
  bool moving = false;       // cancelled there, to go on elsewhere
  bool cancelled = false;    // by the client
};

// A request on its way to an engine.
struct Gift {
  core::GenerateRequest request;
  std::shared_ptr<Engine> engine;
  std::shared_ptr<EventSink> ear;
  std::uint64_t number = 0;  // the engine's
};

// What is decided with the lock held and done without it: each sink's events in their order, then what is
// given to engines.
struct Post {
  core::EventBatch& To(const std::shared_ptr<EventSink>& sink) { return batches[sink]; }
  void Send(base::Time made) {
    for (auto& [sink, batch] : batches) {
      if (batch.empty()) continue;
      batch.made = made;
      sink->Deliver(std::move(batch));
    }
    batches.clear();
  }

  std::map<std::shared_ptr<EventSink>, core::EventBatch> batches;
  std::vector<Gift> gifts;
};

// What ends a request that killed two engines, and one that a stop leaves behind.
base::Error RequestQuarantined();
base::Error ServerStopping();
// An engine's word for its own end.
bool IsLoss(const base::Error& error);

struct FailoverEngine::State : std::enable_shared_from_this<State> {
  State(FailoverOptions o, const base::Clock& c, base::Metrics& m, base::Logger& l)
      : options(std::move(o)),
        clock(c),
        log(l),
        continuations(m.AddCounter("lares_continuations_total",
                                   "Answers that went on after their worker was lost or replaced.",
                                   {{"model", options.model}})),
        quarantined(m.AddCounter("lares_requests_quarantined_total",
                                 "Requests refused because they ended a model's process twice.",
                                 {{"model", options.model}})),
        room(options.max_waiting),
        quarantine(options.quarantine) {
    known = options.known;
    known.model = options.model;
  }

  const FailoverOptions options;
  const base::Clock& clock;
  base::Logger& log;
  base::Counter& continuations;
  base::Counter& quarantined;

  mutable std::mutex mutex;
  std::condition_variable_any changed;
  std::shared_ptr<Engine> engine;  // null: none
  std::uint64_t attached = 0;      // the number of `engine`; grows with each
  core::EngineStatus known;        // what the last one said
  Outage outage;
  bool stopped = false;
  bool was_ready = false;  // an engine was there once
  SharedRoom room;         // widened by what runs at once, when that is known
  bool retiring = false;   // the engine is given nothing more
  std::uint64_t orders = 0;
  std::unordered_map<std::string, Entry> entries;
  std::map<std::uint64_t, Entry*> waiting;  // by order
  supervisor::Blame blame;
  supervisor::Quarantine quarantine;
  std::uint64_t calls = 0;
  std::map<std::string, std::uint64_t> calling;  // calls under way, and on which engine
  std::set<std::string> guilty_calls;
  std::optional<base::Time> last_use;

  // Hears one engine.
  struct Ear final : EventSink {
    Ear(std::shared_ptr<State> s, std::uint64_t n) : state(std::move(s)), number(n) {}
    void Deliver(core::EventBatch batch) override { state->Hear(number, std::move(batch)); }
    const std::shared_ptr<State> state;
    const std::uint64_t number;
  };
  std::shared_ptr<Ear> ear;  // of `engine`

  // ---- all below with the mutex held

  core::EngineStatus StatusNow() const;

  // Why nothing is taken now.
  std::optional<base::Error> WhyNotNow(base::Time now) const;

  bool MayGive(const std::string& name) const { return engine && !retiring && blame.MayRun(name); }

  // There is no room for one more: why, and when to come again.
  base::Error Full(const std::string& tenant) const;

  // Tells those who wait for their model what they wait for.
  void TellWaiting(Post& post);
  std::string WhatIsWaitedFor() const;

  // Asks for the model when nobody is about to load it.
  void Demand() const {
    const bool wanted = !engine && !stopped && outage.state == core::EngineState::kUnloaded;
    if (wanted && options.on_demand) options.on_demand();
  }

  // Why nobody shall wait for the next engine.
  std::optional<base::Error> WhyNotWait(base::Time now) const;

  std::optional<base::Error> WhyQuarantined(const core::GenerateRequest& request, base::Time now);

  void End(Entry& entry, core::Terminal terminal, Post& post);

  void End(Entry& entry, base::Error error, Post& post);

  // Gives what waits to the engine, in the order in which it came.
  void Pump(Post& post);

  // `request` is the entry's, or one step of it while there are suspects.
  void Give(Entry& entry, core::GenerateRequest request, base::Time now, Post& post);

  // ---- with the mutex free

  void Do(Post& post, base::Time made);

  void HandOver(Gift& gift, Post& post);

  // An engine that is just being lost, or does not keep up, takes nothing: the next turn comes.
  void TakeBack(Entry& entry, const base::Error& why, Post& post);

  // ---- what an engine says

  Entry* Find(const std::string& id, std::uint64_t number);

  void Hear(std::uint64_t number, core::EventBatch batch);

  void HearOne(std::uint64_t number, core::Admitted& event, Post& post);

  void HearOne(std::uint64_t number, core::Started& event, Post& post);

  void HearDelta(std::uint64_t number, core::Delta& event, base::Time made, Post& post);

  void HearTerminal(std::uint64_t number, core::Terminal& event, Post& post,
                    std::vector<std::string>& settling);

  void Settle(const std::string& id);

  // ---- calls

  // Runs `ask` on the engine; once more on the next, when the engine is lost meanwhile.
  template <typename Ask>
  auto Call(const Ask& ask, const std::stop_token& stop = {}, std::optional<base::Time> deadline = {})
      -> decltype(ask(std::declval<Engine&>())) {
    std::shared_ptr<Engine> on;  // let go without the lock: its end waits for whoever hears it
    std::unique_lock lock(mutex);
    const std::string name = "call " + std::to_string(++calls);
    for (;;) {
      if (auto why = WaitForTurn(lock, name, stop, deadline)) {
        Leave(name);
        return base::Fail(std::move(*why));
      }
      on = engine;
      calling[name] = attached;
      lock.unlock();
      auto answer = ask(*on);
      lock.lock();
      if (answer || !IsLoss(answer.error())) {
        Leave(name);
        return answer;
      }
      // Who did it is known when the loss has been looked into.
      changed.wait(lock, stop, [&] { return stopped || engine != on; });
      calling[name] = 0;
      lock.unlock();
      on.reset();
      lock.lock();
    }
  }

  std::optional<base::Error> WaitForTurn(std::unique_lock<std::mutex>& lock, const std::string& name,
                                         const std::stop_token& stop, std::optional<base::Time> deadline);

  void Leave(const std::string& name);
};

}  // namespace lares::engine
