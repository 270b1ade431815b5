// SPDX-License-Identifier: Apache-2.0
//
// A failover engine over engines that can be lost, for tests.
#pragma once

#include <functional>
#include <latch>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "engine/failover/failover_engine.h"
#include "engine/local/local_under_test.h"

namespace lares::engine {

// An engine on a fake model that can be lost as a process is: from one moment on it says nothing any more,
// and whoever watched it says so to each of its requests.
class Mortal final : public Engine {
 public:
  explicit Mortal(const backend::FakeOptions& fake) : local_(fake) {}
  ~Mortal() override { Die(); }

  void Die() {
    std::map<std::string, std::shared_ptr<EventSink>> left;
    {
      const std::lock_guard lock(relay_->mutex);
      relay_->dead = true;
      left.swap(relay_->sinks);
    }
    for (auto& [id, sink] : left) {
      local_.engine().Cancel(id);
      core::EventBatch batch;
      batch.terminals.push_back({.request = id, .error = Lost()});
      sink->Deliver(std::move(batch));
    }
  }

  base::Status Submit(core::GenerateRequest request, std::shared_ptr<EventSink> sink) override {
    if (request.id == works_on) reached.count_down();
    {
      const std::lock_guard lock(relay_->mutex);
      if (relay_->dead) return base::Fail(Lost());
      relay_->sinks[request.id] = std::move(sink);
      relay_->silent = works_on;
      relay_->left = says;
    }
    return local_.engine().Submit(std::move(request), relay_);
  }
  void Cancel(const std::string& request_id) override { local_.engine().Cancel(request_id); }
  base::Result<std::int32_t> Count(const core::GenerateRequest& request) override {
    if (dead()) return base::Fail(Lost());
    return local_.engine().Count(request);
  }
  base::Result<std::vector<core::TokenId>> Tokenize(const core::TextPrompt& prompt) override {
    if (before_tokenize) before_tokenize();
    if (dead()) return base::Fail(Lost());
    return local_.engine().Tokenize(prompt);
  }
  base::Result<std::string> Detokenize(std::span<const core::TokenId> tokens) override {
    return local_.engine().Detokenize(tokens);
  }
  base::Result<core::EmbedAnswer> Embed(const core::EmbedRequest& request,
                                        const std::stop_token& stop) override {
    return local_.engine().Embed(request, stop);
  }
  base::Result<core::RankAnswer> Rank(const core::RankRequest& request,
                                      const std::stop_token& stop) override {
    return local_.engine().Rank(request, stop);
  }
  core::EngineStatus Status() const override { return const_cast<LocalUnderTest&>(local_).engine().Status(); }

  std::function<void()> before_tokenize;
  // A request that it is given, and says no more about than so many tokens.
  std::string works_on;
  std::size_t says = 0;
  std::latch reached{1};

 private:
  static base::Error Lost() {
    return base::Error(base::Code::kUnavailable, "it is gone").WithReason("worker_lost");
  }
  bool dead() const {
    const std::lock_guard lock(relay_->mutex);
    return relay_->dead;
  }

  struct Relay final : EventSink {
    void Deliver(core::EventBatch batch) override {
      const std::lock_guard lock(mutex);
      if (dead) return;
      std::map<std::string, core::EventBatch> parts;
      for (auto& e : batch.admitted) parts[e.request].admitted.push_back(e);
      for (auto& e : batch.started) parts[e.request].started.push_back(e);
      for (auto& e : batch.deltas) parts[e.request].deltas.push_back(e);
      for (auto& e : batch.terminals) parts[e.request].terminals.push_back(e);
      for (auto& [id, part] : parts) {
        const auto found = sinks.find(id);
        if (found == sinks.end() || (id == silent && !Says(part))) continue;
        part.made = batch.made;
        const auto sink = found->second;
        if (!part.terminals.empty()) sinks.erase(found);
        sink->Deliver(std::move(part));
      }
    }
    // One token a delta, as the fake model has it.
    bool Says(core::EventBatch& part) {
      part.terminals.clear();
      if (part.deltas.size() > left) part.deltas.resize(left);
      left -= part.deltas.size();
      return !part.empty();
    }
    std::recursive_mutex mutex;  // a request may be given to this engine from within a delivery
    bool dead = false;
    std::string silent;
    std::size_t left = 0;
    std::map<std::string, std::shared_ptr<EventSink>> sinks;
  };
  std::shared_ptr<Relay> relay_ = std::make_shared<Relay>();
  LocalUnderTest local_;
};

// The engine under test with a mortal beneath, and who replaces it.
class Failover final : public EngineUnderTest {
 public:
  explicit Failover(backend::FakeOptions fake = {}, FailoverOptions options = {})
      : fake_(std::move(fake)),
        engine_(std::make_unique<FailoverEngine>(std::move(options), clock_, metrics_, *log_)) {
    Replace();
  }
  ~Failover() override {
    engine_->Stop();
    if (mortal_) mortal_->Die();
    engine_.reset();
  }
  FailoverEngine& engine() override { return *engine_; }
  Mortal& mortal() { return *mortal_; }
  base::ManualClock& clock() { return clock_; }

  void Replace() {
    auto old = std::exchange(mortal_, std::make_shared<Mortal>(fake_));
    engine_->Attach(mortal_);
    while (old && engine_->Uses(*old)) std::this_thread::yield();
  }
  // With `at_work` in its hands; all that it had, when nobody is named.
  void Lose(const std::optional<std::string>& at_work = std::nullopt) {
    mortal_->Die();
    engine_->SetOutage({.state = core::EngineState::kRestarting,
                        .load_percent = 0,
                        .loading_left = {},
                        .failure = {},
                        .trouble = {},
                        .crashes = 1});
    engine_->Lost(*mortal_, [&](const std::string& id) { return !at_work || id == *at_work; });
  }

 private:
  const backend::FakeOptions fake_;
  base::ManualClock clock_{base::Time{std::chrono::hours(1)}};
  base::Metrics metrics_;
  std::unique_ptr<base::Logger> log_ = base::Logger::Silent();
  std::unique_ptr<FailoverEngine> engine_;
  std::shared_ptr<Mortal> mortal_;
};

}  // namespace lares::engine
