// SPDX-License-Identifier: Apache-2.0
//
// LocalEngine on the fake backend: the contract every engine keeps, and what is particular to this one.
#include "engine/local/local_engine.h"

#include <latch>

#include <gtest/gtest.h>

#include "engine/contract_test.h"
#include "engine/local/local_under_test.h"

namespace lares::engine {
namespace {

using backend::FakeOptions;
using backend::RunFault;

std::unique_ptr<EngineUnderTest> Plain() { return std::make_unique<LocalUnderTest>(); }

// Fewer cells than the slots could fill, as with a unified cache: sequences are preempted and come back.
std::unique_ptr<EngineUnderTest> ShortOfCells() {
  FakeOptions fake;
  fake.slots = 6;
  fake.slot_cells = 512;
  fake.total_cells = 600;
  return std::make_unique<LocalUnderTest>(fake, LocalOptions{.host_cache_bytes = 1 << 20}, true);
}

// Two slots for twelve requests, and prompts read in small pieces.
std::unique_ptr<EngineUnderTest> FewSlots() {
  FakeOptions fake;
  fake.slots = 4;
  fake.slot_cells = 512;
  fake.max_rows = 64;
  return std::make_unique<LocalUnderTest>(fake);
}

INSTANTIATE_TEST_SUITE_P(Plain, EngineContract, testing::Values(&Plain));
INSTANTIATE_TEST_SUITE_P(ShortOfCells, EngineContract, testing::Values(&ShortOfCells));
INSTANTIATE_TEST_SUITE_P(FewSlots, EngineContract, testing::Values(&FewSlots));

TEST(LocalEngine, AFailedStepEndsWhatRanAndTheNextRequestWorks) {
  FakeOptions fake;
  fake.run_faults = {RunFault{.call = 3, .kind = RunFault::Kind::kError}};
  LocalUnderTest t(fake);
  const Record failed = Finish(t, Ask("a", "some text", 10));
  ASSERT_TRUE(failed.terminals[0].error);
  EXPECT_EQ(failed.terminals[0].error->code(), base::Code::kInternal);
  EXPECT_FALSE(Finish(t, Ask("b", "some text", 10)).terminals[0].error);
}

TEST(LocalEngine, OutOfCellsAndInterruptsChangeNoAnswer) {
  LocalUnderTest calm;
  const std::string text(300, 'x');
  const std::string expected = Finish(calm, Ask("a", text, 30)).Text();
  FakeOptions fake;
  fake.run_faults = {RunFault{.call = 1, .kind = RunFault::Kind::kInterrupt, .rows = 64},
                     RunFault{.call = 2, .kind = RunFault::Kind::kOutOfCells},
                     RunFault{.call = 5, .kind = RunFault::Kind::kOutOfCells},
                     RunFault{.call = 9, .kind = RunFault::Kind::kOutOfCells}};
  LocalUnderTest rough(fake);
  EXPECT_EQ(Finish(rough, Ask("a", text, 30)).Text(), expected);
}

TEST(LocalEngine, ARepeatedPromptIsTakenFromTheCacheAndAnswersTheSame) {
  LocalUnderTest t;
  const std::string text(200, 'p');
  const Record first = Finish(t, Ask("a", text, 12));
  const Record again = Finish(t, Ask("b", text, 12));
  EXPECT_EQ(first.terminals[0].usage.cached_tokens, 0);
  EXPECT_GT(again.terminals[0].usage.cached_tokens, 150);
  EXPECT_EQ(first.Text(), again.Text());
}

TEST(LocalEngine, TenantsDoNotShareCachedPrefixes) {
  LocalUnderTest t;
  const std::string text(200, 'p');
  Finish(t, Ask("a", text, 4));
  auto other = Ask("b", text, 4);
  other.principal.tenant = "somebody else";
  EXPECT_EQ(Finish(t, std::move(other)).terminals[0].usage.cached_tokens, 0);
}

// An engine with one slot and room for two more, held in its first call until Release.
struct HeldEngine {
  std::latch entered{1}, released{1};
  std::atomic<bool> first{true};
  bool was_released = false;
  const std::int32_t choices;
  LocalUnderTest engine_under_test;
  std::shared_ptr<RecordingSink> sink = std::make_shared<RecordingSink>();

  explicit HeldEngine(std::int32_t of_each = 1)
      : choices(of_each), engine_under_test(Fake(), LocalOptions{.max_waiting = 2}) {
    EXPECT_TRUE(Submit("run"));
    entered.wait();
  }
  FakeOptions Fake() {
    FakeOptions fake;
    fake.slots = 1;
    fake.before_run = [this](std::span<const backend::Row>) {
      if (!first.exchange(false)) return;
      entered.count_down();
      released.wait();
    };
    return fake;
  }
  base::Status Submit(const std::string& id, const std::string& tenant = "default") {
    auto request = Ask(id, "text", 4);
    request.principal.tenant = tenant;
    request.choices = choices;
    return engine_under_test.engine().Submit(std::move(request), sink);
  }
  ~HeldEngine() { Release(); }
  void Release() {
    if (!std::exchange(was_released, true)) released.count_down();
  }
};

TEST(LocalEngine, AFullQueueRefusesAtOnceWithRetryAfter) {
  HeldEngine held;
  ASSERT_TRUE(held.Submit("wait1"));
  ASSERT_TRUE(held.Submit("wait2"));
  const auto refused = held.Submit("refused");
  held.Release();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), base::Code::kResourceExhausted);
  EXPECT_TRUE(refused.error().retry_after());
  for (const char* id : {"run", "wait1", "wait2"}) EXPECT_FALSE(held.sink->Wait(id).terminals[0].error) << id;
}

TEST(LocalEngine, ATenantThatFillsTheQueueLeavesRoomForOthers) {
  HeldEngine held;
  ASSERT_TRUE(held.Submit("wait1"));
  ASSERT_TRUE(held.Submit("wait2"));
  ASSERT_FALSE(held.Submit("refused"));
  ASSERT_TRUE(held.Submit("other", "somebody else"));
  const auto refused = held.Submit("late", "a third");
  held.Release();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "the queue is full: 4 requests wait or run, 0 of them yours");
  for (const char* id : {"run", "wait1", "wait2", "other"}) {
    EXPECT_FALSE(held.sink->Wait(id).terminals[0].error) << id;
  }
}

TEST(LocalEngine, StopEndsEveryRequestOnce) {
  FakeOptions fake;
  fake.answer_tokens = -1;
  LocalUnderTest t(fake);
  auto sink = std::make_shared<RecordingSink>();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(t.engine().Submit(Ask("s" + std::to_string(i), "text " + std::to_string(i), 3000), sink));
  }
  sink->WaitForIds("s0", 1);
  t.engine().Stop();
  for (int i = 0; i < 20; ++i) {
    const Record r = sink->Wait("s" + std::to_string(i));
    ASSERT_EQ(r.terminals.size(), 1U);
    if (r.terminals[0].error) {
      EXPECT_EQ(r.terminals[0].error->code(), base::Code::kUnavailable);
    }
  }
  EXPECT_EQ(t.engine().Submit(Ask("late", "text", 3), sink).error().code(), base::Code::kUnavailable);
}

TEST(LocalEngine, AModelThatCannotBeLoadedSaysWhy) {
  base::SystemClock clock;
  Observer observer;
  auto log = base::Logger::Silent();
  base::ThreadPool pool({.name = "test", .threads = 1, .backlog = 16, .nice = 0});
  LocalEngine engine(
      {.model = "broken"},
      [](const auto&) -> base::Result<std::unique_ptr<backend::Backend>> {
        return base::Fail(base::Code::kDataLoss, "the file ends too early");
      },
      pool, clock, observer, *log);
  EXPECT_EQ(engine.Submit(Ask("a", "x", 1), std::make_shared<RecordingSink>()).error().reason(),
            "model_loading");
  engine.Start();
  EXPECT_FALSE(engine.WaitUntilReady());
  EXPECT_EQ(engine.Status().failure, "the file ends too early");
  const auto refused = engine.Submit(Ask("a", "x", 1), std::make_shared<RecordingSink>());
  EXPECT_EQ(refused.error().reason(), "model_failed");
}

// Characters of several bytes are never cut, whatever the tokens are.
TEST(LocalEngine, CharactersAreWholeInEveryDelta) {
  FakeOptions fake;
  fake.script = [](std::string_view) { return "价格是 €5 🙂 fin"; };
  LocalUnderTest t(fake);
  auto request = Ask("utf8", "question", 100);
  request.ignore_eos = false;
  const Record r = Finish(t, std::move(request));
  EXPECT_EQ(r.Text(), "价格是 €5 🙂 fin");
  EXPECT_EQ(r.Finishes(), std::vector{core::FinishReason::kStop});
  for (const core::Delta& d : r.deltas) EXPECT_EQ(d.text.find("\xEF\xBF\xBD"), std::string::npos);
}

TEST(LocalEngine, ToolCallsAndReasoningAreSplitOff) {
  FakeOptions fake;
  fake.script = [](std::string_view) {
    return R"(<think>hm</think>Let me look.<tool_call>{"name":"weather","arguments":{"city":"Oslo"}}</tool_call>)";
  };
  LocalUnderTest t(fake);
  auto request = Ask("tools", "", 200);
  request.ignore_eos = false;
  core::ChatPrompt chat;
  chat.messages.push_back({.role = "user", .content = {core::TextPart{"How is the weather?"}}});
  chat.tools.push_back({.name = "weather", .description = "", .parameters = "{}"});
  request.prompt = chat;
  const Record r = Finish(t, std::move(request));
  std::string reasoning, arguments, name;
  for (const core::Delta& d : r.deltas) {
    reasoning += d.reasoning;
    for (const auto& call : d.tool_calls) {
      name += call.name;
      arguments += call.arguments;
    }
  }
  EXPECT_EQ(reasoning, "hm");
  EXPECT_EQ(r.Text(), "Let me look.");
  EXPECT_EQ(name, "weather");
  EXPECT_EQ(arguments, R"({"city":"Oslo"})");
  EXPECT_EQ(r.Finishes(), std::vector{core::FinishReason::kToolCalls});
}

// Each request may be sixteen sequences.
TEST(LocalEngine, WhatSubmitTookIsNeverRefusedLater) {
  HeldEngine held(core::kMaxChoices);
  ASSERT_TRUE(held.Submit("wait1"));
  ASSERT_TRUE(held.Submit("wait2"));
  ASSERT_TRUE(held.Submit("other", "somebody else"));
  held.Release();
  for (const char* id : {"run", "wait1", "wait2", "other"}) {
    const Record r = held.sink->Wait(id);
    EXPECT_FALSE(r.terminals[0].error) << id << ": " << r.terminals[0].error->message();
    EXPECT_EQ(r.terminals[0].usage.completion_tokens, 4 * core::kMaxChoices) << id;
    EXPECT_EQ(r.admitted.size(), 1U);
  }
}

// "a" ends in the decode call of the step that reads the prompt of "b".
TEST(LocalEngine, AnEndDoesNotWaitForThePromptThatIsReadInTheSameStep) {
  auto sink = std::make_shared<RecordingSink>();
  int calls = 0;
  bool ended_before_prefill = false;
  FakeOptions fake;
  fake.before_run = [&](std::span<const backend::Row> rows) {
    if (++calls != 3) return;
    EXPECT_GT(rows.size(), 1U);
    const Record a = sink->Now("a");
    ended_before_prefill = a.terminals.size() == 1 && a.terminals[0].usage.completion_tokens == 2;
  };
  LocalUnderTest t(fake);
  sink->HoldAt("a", 1);
  ASSERT_TRUE(t.engine().Submit(Ask("a", "short", 2), sink));
  sink->WaitForIds("a", 1);
  ASSERT_TRUE(t.engine().Submit(Ask("b", std::string(300, 'b'), 2), sink));
  t.WaitUntilPrepared();
  sink->Release();
  EXPECT_FALSE(sink->Wait("b").terminals[0].error);
  EXPECT_TRUE(ended_before_prefill);
}

TEST(LocalEngine, AGrammarThatGivesUpEndsTheRequestWithAnError) {
  LocalUnderTest t;
  auto request = Ask("g", "text", 50);
  request.ignore_eos = false;
  request.choices = 3;
  request.response_format = {.kind = core::ResponseFormat::Kind::kGrammar, .text = "fails:5"};
  const Record r = Finish(t, std::move(request));
  ASSERT_TRUE(r.terminals[0].error);
  EXPECT_EQ(r.terminals[0].error->code(), base::Code::kInvalidArgument);
  EXPECT_EQ(r.terminals[0].error->reason(), "grammar_failed");
  for (std::int32_t choice = 0; choice < 3; ++choice) EXPECT_TRUE(r.Finishes(choice).empty());
  EXPECT_EQ(r.terminals.size(), 1U);
  EXPECT_EQ(r.terminals[0].usage.completion_tokens, 15);
  EXPECT_FALSE(Finish(t, Ask("after", "text", 5)).terminals[0].error);
}

TEST(LocalEngine, ACancelDoesNotWaitForThePreparation) {
  LocalUnderTest t;
  auto sink = std::make_shared<RecordingSink>();
  std::latch release(1);
  ASSERT_TRUE(t.pool().TryRun([&] { release.wait(); }));
  ASSERT_TRUE(t.engine().Submit(Ask("c", "text", 5), sink));
  t.engine().Cancel("c");
  ASSERT_TRUE(sink->Wait("c").terminals[0].error);
  EXPECT_EQ(sink->Wait("c").terminals[0].error->code(), base::Code::kCancelled);
  release.count_down();
  t.WaitUntilPrepared();
  EXPECT_FALSE(Finish(t, Ask("after", "text", 5)).terminals[0].error);
  const Record c = sink->Now("c");
  EXPECT_TRUE(c.admitted.empty());
  EXPECT_EQ(c.terminals.size(), 1U);
  EXPECT_FALSE(c.late);
}

}  // namespace
}  // namespace lares::engine
