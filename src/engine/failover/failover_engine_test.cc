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
#include "engine/failover/failover_under_test.h"

namespace lares::engine {
namespace {

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
                               .loading_left = {},
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

TEST(FailoverEngine, WhoComesBeforeTheModelAsksForItAndIsToldHowFarItIs) {
  base::ManualClock clock{base::Time{std::chrono::hours(1)}};
  base::Metrics metrics;
  const auto log = base::Logger::Silent();
  int demands = 0;
  FailoverEngine engine({.model = "m", .max_waiting = 2, .on_demand = [&] { ++demands; }}, clock, metrics,
                        *log);
  engine.SetOutage({.state = core::EngineState::kUnloaded});
  EXPECT_EQ(engine.Status().state, core::EngineState::kUnloaded);
  EXPECT_FALSE(engine.last_used());
  auto sink = std::make_shared<RecordingSink>();
  ASSERT_TRUE(engine.Submit(Ask("a", "text", 3), sink));
  EXPECT_EQ(demands, 1);
  engine.SetOutage(
      {.state = core::EngineState::kLoading, .load_percent = 40, .loading_left = std::chrono::seconds(9)});
  ASSERT_TRUE(engine.Submit(Ask("b", "text", 3), sink));
  EXPECT_EQ(demands, 1);
  engine.SetOutage(
      {.state = core::EngineState::kLoading, .load_percent = 41, .loading_left = std::chrono::seconds(9)});
  EXPECT_THAT(sink->Now("a").waiting,
              testing::ElementsAre("the model waits to be loaded", "the model is loading, 40 percent done",
                                   "the model is loading, 41 percent done"));
  EXPECT_THAT(sink->Now("b").waiting, testing::ElementsAre("the model is loading, 40 percent done",
                                                           "the model is loading, 41 percent done"));
  const auto full = engine.Submit(Ask("c", "text", 3), sink);
  EXPECT_EQ(full.error().code(), base::Code::kUnavailable);
  EXPECT_EQ(full.error().reason(), "model_loading");
  EXPECT_EQ(full.error().retry_after(), std::chrono::seconds(9));
  EXPECT_TRUE(engine.busy());
  auto mortal = std::make_shared<Mortal>(backend::FakeOptions{});
  engine.Attach(mortal);
  EXPECT_FALSE(sink->Wait("a").terminals[0].error);
  EXPECT_FALSE(sink->Wait("b").terminals[0].error);
  EXPECT_TRUE(engine.last_used());
  EXPECT_FALSE(engine.busy());
  EXPECT_TRUE(engine.Retire());
  EXPECT_EQ(engine.Status().state, core::EngineState::kUnloaded);
  mortal->Die();
  engine.Stop();
}

TEST(FailoverEngine, AModelThatGeneratesNothingIsNotLoadedToSaySo) {
  base::ManualClock clock{base::Time{std::chrono::hours(1)}};
  base::Metrics metrics;
  const auto log = base::Logger::Silent();
  int demands = 0;
  core::EngineStatus known;
  known.purpose = core::ModelPurpose::kEmbed;
  FailoverEngine engine({.model = "m", .on_demand = [&] { ++demands; }, .known = known}, clock, metrics,
                        *log);
  engine.SetOutage({.state = core::EngineState::kUnloaded});
  const auto refused = engine.Submit(Ask("a", "text", 3), std::make_shared<RecordingSink>());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "model_cannot_generate");
  EXPECT_EQ(demands, 0);
  engine.Stop();
}

TEST(FailoverEngine, AnEngineRetiresWhenWhatRunsOnItHasEnded) {
  Failover failover;
  failover.mortal().works_on = "runs";
  auto sink = std::make_shared<RecordingSink>();
  ASSERT_TRUE(failover.engine().Submit(Ask("runs", "text", 3), sink));
  EXPECT_FALSE(failover.engine().Retire());
  ASSERT_TRUE(failover.engine().Submit(Ask("waits", "text", 3), sink));
  EXPECT_FALSE(failover.engine().Retire());
  failover.engine().Recall();
  EXPECT_FALSE(sink->Wait("waits").terminals[0].error);
  EXPECT_FALSE(failover.engine().Retire());
  ASSERT_TRUE(failover.engine().Submit(Ask("next", "text", 3), sink));
  failover.engine().Cancel("runs");
  failover.mortal().Die();
  sink->Wait("runs");
  EXPECT_TRUE(failover.engine().Retire());
  EXPECT_TRUE(sink->Now("next").terminals.empty());
  failover.Replace();
  EXPECT_FALSE(sink->Wait("next").terminals[0].error);
}

TEST(FailoverEngine, AModelThatCannotBeLoadedEndsWhoWaitsForIt) {
  base::ManualClock clock{base::Time{std::chrono::hours(1)}};
  base::Metrics metrics;
  const auto log = base::Logger::Silent();
  FailoverEngine engine({.model = "m"}, clock, metrics, *log);
  engine.SetOutage({.state = core::EngineState::kLoading});
  auto sink = std::make_shared<RecordingSink>();
  ASSERT_TRUE(engine.Submit(Ask("a", "text", 3), sink));
  auto tokens = std::async(std::launch::async, [&] { return engine.Tokenize({.text = "x"}); });
  engine.SetOutage({.state = core::EngineState::kFailed, .failure = "damaged"});
  engine.Tick();
  EXPECT_EQ(sink->Wait("a").terminals[0].error->reason(), "model_failed");
  EXPECT_EQ(tokens.get().error().reason(), "model_failed");
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
