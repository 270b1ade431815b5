// SPDX-License-Identifier: Apache-2.0
//
// What requests see when the engines beneath them are lost: nothing but a pause.
#include "engine/failover/failover_engine.h"

#include <functional>
#include <future>
#include <latch>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/contract_test.h"
#include "engine/local/local_under_test.h"

namespace lares::engine {
namespace {

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

std::unique_ptr<EngineUnderTest> OverAnother() { return std::make_unique<Failover>(); }
INSTANTIATE_TEST_SUITE_P(Failover, EngineContract, testing::Values(&OverAnother));

// All that decides an answer.
core::GenerateRequest Varied(int i) {
  auto request = Ask("r" + std::to_string(i), "prompt number " + std::to_string(i), 60 + 10 * i);
  request.sampling.seed = 100 + i;
  if (i % 4 == 1) request.sampling.temperature = 1;
  if (i % 4 == 2) {
    request.choices = 2;
    request.sampling.temperature = 0.8F;
    request.sampling.presence_penalty = 0.5F;
  }
  if (i % 4 == 3) request.stop = {"e"};
  return request;
}

std::vector<Record> Undisturbed(int count) {
  Failover failover;
  std::vector<Record> records;
  auto sink = std::make_shared<RecordingSink>();
  for (int i = 0; i < count; ++i) EXPECT_TRUE(failover.engine().Submit(Varied(i), sink));
  for (int i = 0; i < count; ++i) records.push_back(sink->Wait("r" + std::to_string(i)));
  return records;
}

void ExpectSame(const Record& got, const Record& want, const std::string& where) {
  ASSERT_EQ(got.terminals.size(), 1U) << where;
  ASSERT_FALSE(got.terminals[0].error) << where << got.terminals[0].error->message();
  EXPECT_EQ(got.admitted.size(), 1U) << where;
  EXPECT_FALSE(got.late) << where;
  for (std::int32_t c = 0; c < 2; ++c) {
    EXPECT_EQ(got.Ids(c), want.Ids(c)) << where;
    EXPECT_EQ(got.Text(c), want.Text(c)) << where;
    EXPECT_EQ(got.Finishes(c), want.Finishes(c)) << where;
  }
  EXPECT_EQ(got.terminals[0].usage.prompt_tokens, want.terminals[0].usage.prompt_tokens) << where;
  EXPECT_EQ(got.terminals[0].usage.completion_tokens, want.terminals[0].usage.completion_tokens) << where;
}

constexpr int kRequests = 8;

TEST(FailoverEngine, AnswersAreTheSameWhereverTheirEnginesDie) {
  const std::vector<Record> want = Undisturbed(kRequests);
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    const auto in = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
    Failover failover;
    bool suspected = false;
    auto sink = std::make_shared<RecordingSink>();
    for (int i = 0; i < kRequests; ++i) ASSERT_TRUE(failover.engine().Submit(Varied(i), sink));
    for (int death = in(1, 4); death > 0; --death) {
      const auto watched = "r" + std::to_string(in(0, kRequests - 1));
      sink->WaitForIds(watched, sink->Now(watched).Ids().size() + static_cast<std::size_t>(in(0, 20)));
      if (in(0, 3) == 0) {
        failover.Replace();  // an upgrade
        continue;
      }
      // Suspects once; who is at work in two deaths would be guilty.
      failover.Lose(std::exchange(suspected, true) ? std::optional("nobody") : std::nullopt);
      failover.Replace();
    }
    for (int i = 0; i < kRequests; ++i) {
      const auto id = "r" + std::to_string(i);
      ExpectSame(sink->Wait(id), want[static_cast<std::size_t>(i)],
                 "seed " + std::to_string(seed) + " " + id);
    }
  }
}

TEST(FailoverEngine, WhoComesMeanwhileWaits) {
  Failover failover;
  failover.Lose();
  EXPECT_EQ(failover.engine().Status().state, core::EngineState::kRestarting);
  auto sink = std::make_shared<RecordingSink>();
  ASSERT_TRUE(failover.engine().Submit(Ask("a", "text", 3), sink));
  ASSERT_TRUE(failover.engine().Submit(Ask("gone", "text", 3), sink));
  failover.engine().Cancel("gone");
  EXPECT_EQ(sink->Wait("gone").terminals[0].error->code(), base::Code::kCancelled);
  failover.Replace();
  EXPECT_FALSE(sink->Wait("a").terminals[0].error);
  EXPECT_EQ(failover.engine().Status().state, core::EngineState::kReady);
}

TEST(FailoverEngine, NobodyWaitsBeyondItsDeadlineOrForTooLong) {
  Failover failover;
  failover.Lose();
  auto sink = std::make_shared<RecordingSink>();
  auto request = Ask("late", "text", 3);
  request.deadline = failover.clock().Now() + std::chrono::seconds(1);
  ASSERT_TRUE(failover.engine().Submit(std::move(request), sink));
  ASSERT_TRUE(failover.engine().Submit(Ask("patient", "text", 3), sink));
  failover.engine().Tick();
  failover.clock().Advance(std::chrono::seconds(1));
  failover.engine().Tick();
  EXPECT_EQ(sink->Wait("late").terminals[0].error->code(), base::Code::kDeadlineExceeded);
  EXPECT_TRUE(sink->Now("patient").terminals.empty());
  const core::Trouble trouble{.cause = "signal 6 (Aborted)",
                              .since = failover.clock().Now(),
                              .next_try = failover.clock().Now() + std::chrono::seconds(60)};
  failover.engine().SetOutage({.state = core::EngineState::kRestarting,
                               .load_percent = 0,
                               .failure = {},
                               .trouble = trouble,
                               .crashes = 6});
  failover.engine().Tick();
  const auto error = *sink->Wait("patient").terminals[0].error;
  EXPECT_EQ(error.reason(), "model_unavailable");
  EXPECT_EQ(error.retry_after(), std::chrono::seconds(60));
  EXPECT_THAT(error.message(), testing::HasSubstr("Aborted"));
  EXPECT_EQ(failover.engine().Submit(Ask("next", "text", 3), sink).error().reason(), "model_unavailable");
}

// The poison kills its engine whenever it is at work; it and its neighbours run together first.
TEST(FailoverEngine, WhoKillsTwoEnginesIsEndedAndItsNeighboursGoOn) {
  const std::vector<Record> want = Undisturbed(kRequests);
  Failover failover;
  auto sink = std::make_shared<RecordingSink>();
  failover.mortal().works_on = "r5";
  failover.mortal().says = 1;
  for (int i = 0; i < kRequests; ++i) ASSERT_TRUE(failover.engine().Submit(Varied(i), sink));
  sink->WaitForIds("r5", 1);
  failover.Lose();
  // Now the suspects go one by one. r5 kills again.
  auto next = std::make_shared<Mortal>(backend::FakeOptions{});
  next->works_on = "r5";
  failover.engine().Attach(next);
  next->reached.wait();
  next->Die();
  failover.engine().Lost(*next, [](const std::string& id) { return id == "r5"; });
  failover.Replace();
  const Record guilty = sink->Wait("r5");
  ASSERT_TRUE(guilty.terminals[0].error);
  EXPECT_EQ(guilty.terminals[0].error->reason(), "request_quarantined");
  EXPECT_EQ(guilty.terminals[0].error->code(), base::Code::kInternal);
  for (int i = 0; i < kRequests; ++i) {
    const auto id = "r" + std::to_string(i);
    if (i != 5) ExpectSame(sink->Wait(id), want[static_cast<std::size_t>(i)], id);
  }
  auto again = Varied(5);
  again.id = "again";
  again.sampling.seed = 9;
  EXPECT_EQ(failover.engine().Submit(again, sink).error().reason(), "request_quarantined");
  failover.clock().Advance(std::chrono::minutes(11));
  EXPECT_TRUE(failover.engine().Submit(again, sink));
}

TEST(FailoverEngine, ACallIsAskedAgainOnce) {
  Failover failover;
  std::latch asked(1), dead(1);
  failover.mortal().before_tokenize = [&] {
    asked.count_down();
    dead.wait();
  };
  auto tokens = std::async(std::launch::async, [&] { return failover.engine().Tokenize({.text = "hello"}); });
  asked.wait();
  failover.Lose("nobody");
  dead.count_down();
  failover.Replace();
  EXPECT_TRUE(tokens.get());
}

TEST(FailoverEngine, ACallThatKillsTwiceIsGuilty) {
  Failover failover;
  std::latch first(1), first_dead(1), second(1), second_dead(1);
  const auto hold = [](std::latch& here, std::latch& until) {
    return [&] {
      here.count_down();
      until.wait();
    };
  };
  failover.mortal().before_tokenize = hold(first, first_dead);
  auto tokens = std::async(std::launch::async, [&] { return failover.engine().Tokenize({.text = "hello"}); });
  first.wait();
  failover.Lose("nobody");
  auto next = std::make_shared<Mortal>(backend::FakeOptions{});
  next->before_tokenize = hold(second, second_dead);
  first_dead.count_down();
  failover.engine().Attach(next);
  second.wait();
  next->Die();
  failover.engine().Lost(*next, [](const std::string&) { return false; });
  second_dead.count_down();
  failover.Replace();
  EXPECT_EQ(tokens.get().error().reason(), "request_quarantined");
}

TEST(FailoverEngine, StoppingEndsWhatWaits) {
  Failover failover;
  failover.Lose();
  auto sink = std::make_shared<RecordingSink>();
  ASSERT_TRUE(failover.engine().Submit(Ask("a", "text", 3), sink));
  failover.engine().Stop();
  EXPECT_EQ(sink->Wait("a").terminals[0].error->reason(), "stopping");
  EXPECT_EQ(failover.engine().Submit(Ask("b", "text", 3), sink).error().reason(), "stopping");
}

TEST(FailoverEngine, UsageAndTimesAreThoseOfTheWholeAnswer) {
  Failover failover;
  auto sink = std::make_shared<RecordingSink>();
  failover.mortal().works_on = "a";
  failover.mortal().says = 5;
  ASSERT_TRUE(failover.engine().Submit(Ask("a", "text of some length", 40), sink));
  sink->WaitForIds("a", 5);
  failover.clock().Advance(std::chrono::seconds(3));
  failover.Lose();
  failover.Replace();
  const core::Terminal end = sink->Wait("a").terminals[0];
  EXPECT_EQ(end.usage.completion_tokens, 40);
  EXPECT_EQ(end.usage.cached_tokens, 0);
  EXPECT_GT(end.usage.prompt_tokens, 0);
  EXPECT_EQ(end.timings.continuations, 1);
  EXPECT_GE(end.timings.total, std::chrono::seconds(3));
}

}  // namespace
}  // namespace lares::engine
