// SPDX-License-Identifier: Apache-2.0
//
// The whole of it over virtual time: workers that start slowly, crash, hang, flap; requests that come all the
// while, some of which kill whoever computes them. The supervisor's decisions (supervisor/lifecycle.h,
// supervisor/liveness.h) and the failover engine are real; the worker is played. No storm of starts, no lost
// request, no double answer, and who kills is out after two.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/failover/failover_engine.h"
#include "engine/recording_sink.h"
#include "supervisor/lifecycle.h"
#include "supervisor/liveness.h"

namespace lares::engine {
namespace {

using base::Time;
using std::chrono::milliseconds;
using std::chrono::seconds;
using supervisor::Action;
using supervisor::Lifecycle;
using supervisor::Phase;

// The token that follows `produced` others, for whoever asks.
core::TokenId TokenAt(const std::string& prompt, std::size_t produced) {
  return static_cast<core::TokenId>(std::hash<std::string>{}(prompt + "/" + std::to_string(produced)) %
                                    50'000);
}

struct Poison {
  std::size_t at = 0;  // dies when it is to make this token
  int kills = 0;
};

// A worker's engine as a list of requests; it does something only when told to.
class Played final : public Engine {
 public:
  explicit Played(std::map<std::string, Poison>& poisons) : poisons_(poisons) {}

  base::Status Submit(core::GenerateRequest request, std::shared_ptr<EventSink> sink) override {
    if (lost_) return base::Fail(Lost());
    const std::string id = request.id;
    running_.emplace_back(std::move(request), std::move(sink));
    core::EventBatch batch;
    batch.admitted.push_back({.request = id, .prompt_tokens = 1});
    Say(running_.back().second, std::move(batch));
    return {};
  }
  void Cancel(const std::string& id) override {
    End(id, base::Error(base::Code::kCancelled, "the client went away"));
  }
  base::Result<std::int32_t> Count(const core::GenerateRequest&) override { return 1; }
  base::Result<std::vector<core::TokenId>> Tokenize(const core::TextPrompt&) override { return {}; }
  base::Result<std::string> Detokenize(std::span<const core::TokenId>) override { return {}; }
  base::Result<core::EmbedAnswer> Embed(const core::EmbedRequest&, const std::stop_token&) override {
    return {};
  }
  base::Result<core::RankAnswer> Rank(const core::RankRequest&, const std::stop_token&) override {
    return {};
  }
  core::EngineStatus Status() const override {
    core::EngineStatus status;
    status.state = core::EngineState::kReady;
    status.slots = 8;
    return status;
  }

  // A token for each; false: it died of somebody.
  bool Step() {
    for (const auto& [request, sink] : running_) {
      const auto poison = poisons_.find(PromptOf(request));
      if (poison == poisons_.end() || Produced(request) + 1 < poison->second.at) continue;
      ++poison->second.kills;
      return false;
    }
    std::vector<std::string> ids;
    for (const auto& [request, sink] : running_) ids.push_back(request.id);
    for (const std::string& id : ids) Advance(id);
    return true;
  }

  bool working() const { return !running_.empty(); }
  bool Has(const std::string& id) const {
    return std::ranges::any_of(running_, [&](const auto& each) { return each.first.id == id; });
  }
  std::set<std::string> Die() {
    lost_ = true;
    std::set<std::string> ids;
    for (const auto& [request, sink] : running_) ids.insert(request.id);
    while (!running_.empty()) End(running_.front().first.id, Lost());
    return ids;
  }

 private:
  static base::Error Lost() {
    return base::Error(base::Code::kUnavailable, "gone").WithReason("worker_lost");
  }
  static std::string PromptOf(const core::GenerateRequest& request) {
    return std::get<core::TextPrompt>(request.prompt).text;
  }
  static std::size_t Produced(const core::GenerateRequest& request) {
    return request.produced.empty() ? 0 : request.produced[0].size();
  }
  static void Say(const std::shared_ptr<EventSink>& sink, core::EventBatch batch) {
    const std::shared_ptr<EventSink> kept = sink;
    kept->Deliver(std::move(batch));
  }
  auto Find(const std::string& id) {
    return std::ranges::find_if(running_, [&](const auto& each) { return each.first.id == id; });
  }
  void Advance(const std::string& id) {
    const auto found = Find(id);
    if (found == running_.end()) return;
    core::GenerateRequest& request = found->first;
    request.produced.resize(1);
    const core::TokenId token = TokenAt(PromptOf(request), Produced(request));
    request.produced[0].push_back(token);
    core::Delta delta{.request = id};
    delta.ids.push_back(token);
    const bool over = Produced(request) >= static_cast<std::size_t>(*request.max_tokens);
    if (over) delta.finish = core::FinishReason::kLength;
    core::EventBatch batch;
    batch.deltas.push_back(std::move(delta));
    if (!over) return Say(found->second, std::move(batch));
    batch.terminals.push_back({.request = id});
    const auto sink = found->second;
    running_.erase(found);
    Say(sink, std::move(batch));
  }
  void End(std::string id, base::Error error) {
    const auto found = Find(id);
    if (found == running_.end()) return;
    const auto sink = found->second;
    running_.erase(found);
    core::EventBatch batch;
    batch.terminals.push_back({.request = id, .error = std::move(error)});
    Say(sink, std::move(batch));
  }

  std::map<std::string, Poison>& poisons_;
  std::vector<std::pair<core::GenerateRequest, std::shared_ptr<EventSink>>> running_;
  bool lost_ = false;
};

class Simulation {
 public:
  explicit Simulation(unsigned seed)
      : random_(seed),
        engine_({.model = "m", .max_waiting = 100'000, .most_wait = std::chrono::hours(24)}, clock_, metrics_,
                *log_),
        lifecycle_({.well_after = seconds(5), .budget = 5}, seed) {
    lifecycle_.Want(true, clock_.Now());
    Attach(std::make_shared<Played>(poisons_));  // it was well once, so that everybody is taken
    Lose(false, "the beginning");
  }

  void Run() {
    const int all = In(10, 60);
    const int poisonous = In(0, 2);
    for (int i = 0; i < all; ++i) Expect(i, i < poisonous);
    std::ranges::shuffle(coming_, random_);
    for (int tick = 0; tick < 400'000 && !Done(); ++tick) Tick();
    Check();
  }

 private:
  static constexpr auto kTick = milliseconds(10);

  int In(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool Chance(double part) { return std::bernoulli_distribution(part)(random_); }

  void Expect(int i, bool poisonous) {
    core::GenerateRequest request;
    request.id = "r" + std::to_string(i);
    request.prompt = core::TextPrompt{.text = "prompt " + std::to_string(i)};
    request.max_tokens = In(1, 60);
    if (poisonous) {
      poisons_["prompt " + std::to_string(i)] = {.at = static_cast<std::size_t>(In(1, *request.max_tokens))};
    }
    coming_.push_back(request);
    wanted_.emplace(request.id, request);
  }

  void Tick() {
    clock_.Advance(kTick);
    SleepWhileItIsLeftAlone();
    if (!coming_.empty() && Chance(0.3)) {
      ASSERT_TRUE(engine_.Submit(coming_.back(), sink_));
      coming_.pop_back();
    }
    Obey(lifecycle_.Next(clock_.Now()));
    if (booting_ && clock_.Now() >= ready_at_) Boot();
    if (worker_) Work();
    engine_.Tick();
  }

  void SleepWhileItIsLeftAlone() {
    const auto wake = lifecycle_.wake();
    if (worker_ || booting_ || !wake || *wake - clock_.Now() < seconds(1)) return;
    clock_.Advance(*wake - clock_.Now() - milliseconds(10));
    flapping_ = false;
  }

  void Obey(Action action) {
    if (action == Action::kSpawn) {
      starts_.push_back(clock_.Now());
      booting_ = true;
      ready_at_ = clock_.Now() + milliseconds(In(20, 3000));
    } else if (action == Action::kKill) {
      Lose(false, "killed");
    }
  }

  void Boot() {
    booting_ = false;
    if (Chance(0.1)) return lifecycle_.OnExit("it crashed while it started", clock_.Now());
    lifecycle_.OnLoaded(clock_.Now());
    lifecycle_.OnReady(clock_.Now());
    Attach(std::make_shared<Played>(poisons_));
  }

  void Attach(std::shared_ptr<Played> worker) {
    worker_ = std::move(worker);
    hangs_ = false;
    liveness_.Reset();
    counter_ = 0;
    engine_.SetOutage({.state = core::EngineState::kReady});
    engine_.Attach(worker_);
  }

  void Work() {
    if (!hangs_ && worker_->working() && Chance(flapping_ ? 0.05 : 0.003)) hangs_ = Chance(0.3);
    if (!hangs_ && Chance(flapping_ ? 0.02 : 0.002)) return Lose(false, "signal 9 (Killed)");
    if (Chance(0.001)) flapping_ = !flapping_;
    if (!hangs_) {
      ++counter_;
      if (!worker_->Step()) return Lose(true, "signal 6 (Aborted)");
    }
    Watch();
  }

  void Watch() {
    if (clock_.Now() < next_look_) return;
    next_look_ = clock_.Now() + milliseconds(100);
    supervisor::Liveness::Poll poll{.now = clock_.Now(), .counter = counter_};
    if (worker_->working()) poll.began = poll.due = hangs_ ? clock_.Now() - seconds(6) : clock_.Now();
    if (const auto why = liveness_.Observe(poll)) {
      ASSERT_TRUE(hangs_) << "a false alarm";
      lifecycle_.OnHung(*why);
    }
  }

  void Lose(bool at_work, const std::string& cause) {
    booting_ = false;
    const auto gone = std::exchange(worker_, nullptr);
    if (!gone) return lifecycle_.OnExit(cause, clock_.Now());
    const auto ids = gone->Die();
    lifecycle_.OnExit(cause, clock_.Now());
    core::Trouble trouble{.cause = cause, .since = clock_.Now(), .next_try = lifecycle_.view().next_try};
    engine_.SetOutage({.state = core::EngineState::kRestarting, .trouble = trouble});
    engine_.Lost(*gone, [&](const std::string& id) { return at_work && ids.contains(id); });
  }

  bool Done() {
    if (!coming_.empty()) return false;
    return std::ranges::all_of(wanted_,
                               [&](const auto& each) { return !sink_->Now(each.first).terminals.empty(); });
  }

  void Check() {
    for (const auto& [id, request] : wanted_) {
      const Record record = sink_->Now(id);
      ASSERT_EQ(record.terminals.size(), 1U) << id;
      ASSERT_FALSE(record.late) << id;
      ASSERT_LE(record.admitted.size(), 1U) << id;
      const std::string prompt = std::get<core::TextPrompt>(request.prompt).text;
      const auto ids = record.Ids();
      for (std::size_t i = 0; i < ids.size(); ++i) ASSERT_EQ(ids[i], TokenAt(prompt, i)) << id << " " << i;
      const auto& error = record.terminals[0].error;
      if (const auto poison = poisons_.find(prompt); poison != poisons_.end()) {
        ASSERT_TRUE(error) << id;
        ASSERT_EQ(error->reason(), "request_quarantined") << id;
        // The first time it may have stood beside another one that killed.
        ASSERT_GE(poison->second.kills, poisons_.size() > 1 ? 1 : 2) << id;
        ASSERT_LE(poison->second.kills, 2) << id;
      } else {
        ASSERT_FALSE(error) << id << error->message();
        ASSERT_EQ(ids.size(), static_cast<std::size_t>(*request.max_tokens)) << id;
        ASSERT_EQ(record.terminals[0].usage.completion_tokens == 0 ||
                      record.terminals[0].usage.completion_tokens == *request.max_tokens,
                  true);
      }
    }
    // Never more starts than the budget allows in its window, one quarantine's try aside.
    for (std::size_t i = 0; i + 12 < starts_.size(); ++i) {
      ASSERT_GT(starts_[i + 12] - starts_[i], seconds(10)) << "a storm of starts";
    }
  }

  std::mt19937 random_;
  base::ManualClock clock_{Time{std::chrono::hours(1)}};
  base::Metrics metrics_;
  std::unique_ptr<base::Logger> log_ = base::Logger::Silent();
  std::map<std::string, Poison> poisons_;  // by prompt
  FailoverEngine engine_;
  Lifecycle lifecycle_;
  supervisor::Liveness liveness_;
  std::shared_ptr<RecordingSink> sink_ = std::make_shared<RecordingSink>();
  std::vector<core::GenerateRequest> coming_;
  std::map<std::string, core::GenerateRequest> wanted_;
  std::shared_ptr<Played> worker_;
  bool booting_ = false;
  Time ready_at_{};
  Time next_look_{};
  bool hangs_ = false;
  bool flapping_ = false;
  std::uint64_t counter_ = 0;
  std::vector<Time> starts_;
};

TEST(FailoverSimulation, NothingIsLostWhateverTheWorkerDoes) {
  for (unsigned seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation(seed).Run();
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace lares::engine
