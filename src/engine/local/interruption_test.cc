// SPDX-License-Identifier: Apache-2.0
//
// Answers that are interrupted and go on: preempted, spilled and restored, read again, copied between slots,
// or waiting while another request's step fails. Each must be the answer of an engine where nothing happens.
#include <latch>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/local/local_under_test.h"

namespace lares::engine {
namespace {

using backend::FakeOptions;
using backend::RunFault;

FakeOptions ShortOfCells() {
  FakeOptions fake;
  fake.slots = 6;
  fake.slot_cells = 512;
  fake.total_cells = 600;
  fake.script = [](std::string_view prompt) -> std::optional<std::string> {
    if (!prompt.contains("<|im_start|>")) return std::nullopt;
    return R"(<think>Wie wäre das Wetter, 東京? 🙂 Let me see what there is.</think>Let me look it up first.)"
           R"(<tool_call>{"name":"weather","arguments":{"city":"Zürich","days":[1,2,3,4,5,6,7,8,9]}}</tool_call>)";
  };
  return fake;
}

// Steps are planned by these, so that the plan does not hang on the clock.
LocalOptions Fixed(std::uint64_t host_cache_bytes) {
  LocalOptions options;
  options.host_cache_bytes = host_cache_bytes;
  const scheduler::StepCost cost{.base = std::chrono::milliseconds(1),
                                 .per_row = std::chrono::microseconds(10)};
  options.fixed_costs = scheduler::FixedCosts{.decode = cost, .prefill = cost};
  return options;
}

// All at once: the engine is held at the first token until everything is prepared.
void SubmitTogether(LocalUnderTest& t, const std::vector<core::GenerateRequest>& requests,
                    const std::shared_ptr<RecordingSink>& sink) {
  sink->HoldAt(requests.front().id, 1);
  for (const auto& request : requests) ASSERT_TRUE(t.engine().Submit(request, sink));
  t.WaitUntilPrepared();
}

core::GenerateRequest AskChat(std::string id) {
  auto request = Ask(std::move(id), "", 250);
  request.ignore_eos = false;
  core::ChatPrompt chat;
  chat.messages.push_back({.role = "user", .content = {core::TextPart{"How is the weather?"}}});
  chat.tools.push_back({.name = "weather", .description = "", .parameters = "{}"});
  request.prompt = chat;
  return request;
}

// Everything that the state of an answer consists of: penalties, grammar, stop strings, seed, parts.
std::vector<core::GenerateRequest> Mix() {
  std::vector<core::GenerateRequest> requests;
  for (int i = 0; i < 12; ++i) {
    const std::string id = std::to_string(i);
    if (i % 4 == 3) {
      requests.push_back(AskChat(id));
      continue;
    }
    auto request = Ask(id, "prompt number " + id, 150);
    request.sampling.temperature = i % 2 == 0 ? 0.0F : 1.0F;
    request.sampling.seed = static_cast<std::uint64_t>(i);
    request.sampling.frequency_penalty = 0.4F;
    request.sampling.repeat_penalty = 1.2F;
    request.stop = {"zzqx", "aaaa"};
    if (i % 4 == 2) {
      request.response_format = {.kind = core::ResponseFormat::Kind::kGrammar, .text = "chars:abcdefg hijkl"};
    }
    requests.push_back(std::move(request));
  }
  return requests;
}

std::string Parts(const Record& record) {
  std::string all;
  for (const core::Delta& d : record.deltas) {
    all += d.reasoning;
    for (const auto& call : d.tool_calls) all += '[' + call.id + call.name + call.arguments + ']';
  }
  return all;
}

void ExpectSame(const Record& got, const Record& expected, const std::string& what) {
  ASSERT_EQ(got.terminals.size(), 1U) << what;
  EXPECT_FALSE(got.terminals[0].error) << what << got.terminals[0].error->message();
  EXPECT_EQ(got.Ids(), expected.Ids()) << what;
  EXPECT_EQ(got.Text(), expected.Text()) << what;
  EXPECT_EQ(Parts(got), Parts(expected)) << what;
  EXPECT_EQ(got.Finishes(), expected.Finishes()) << what;
  EXPECT_EQ(got.terminals[0].usage.completion_tokens, expected.terminals[0].usage.completion_tokens) << what;
  EXPECT_FALSE(got.late) << what;
}

// One after the other, with cells for all.
std::vector<Record> Undisturbed(FakeOptions fake, const std::vector<core::GenerateRequest>& requests) {
  fake.total_cells = 0;
  LocalUnderTest calm(fake);
  std::vector<Record> records;
  for (const auto& request : requests) records.push_back(Finish(calm, request));
  return records;
}

std::set<std::uint64_t> EachSecond() {
  std::set<std::uint64_t> calls;
  for (std::uint64_t i = 1; i < 1000; i += 2) calls.insert(i);
  return calls;
}

struct Way {
  const char* name;
  std::uint64_t host_cache_bytes = 0;
  std::set<std::uint64_t> failing_saves;
  std::set<std::uint64_t> failing_restores;
};

TEST(Interruption, APreemptedAnswerLosesAndRepeatsNothing) {
  const Way ways[] = {
      {.name = "read again"},
      {.name = "spilled", .host_cache_bytes = 1 << 20},
      {.name = "some saves fail", .host_cache_bytes = 1 << 20, .failing_saves = EachSecond()},
      {.name = "some restores fail", .host_cache_bytes = 1 << 20, .failing_restores = EachSecond()}};
  const auto requests = Mix();
  const auto expected = Undisturbed(ShortOfCells(), requests);
  for (const Way& way : ways) {
    FakeOptions fake = ShortOfCells();
    fake.failing_saves = way.failing_saves;
    fake.failing_restores = way.failing_restores;
    LocalUnderTest t(fake, Fixed(way.host_cache_bytes));
    auto sink = std::make_shared<RecordingSink>();
    SubmitTogether(t, requests, sink);
    sink->Release();
    std::int32_t preemptions = 0;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const Record record = sink->Wait(requests[i].id);
      ExpectSame(record, expected[i], std::string(way.name) + " " + requests[i].id);
      preemptions += record.terminals[0].timings.preemptions;
    }
    EXPECT_GT(preemptions, 0) << way.name;
    if (way.host_cache_bytes > 0) {
      EXPECT_GT(t.backend().saves(), 2U) << way.name;
      EXPECT_GT(t.backend().restores(), 0U) << way.name;
    }
  }
}

// The pool makes a preempted answer anew; until it does, the answer's rows yield nothing.
class SlowPool : public testing::TestWithParam<bool> {};

TEST_P(SlowPool, APreemptedAnswerWaitsForItsStateAndNobodyElseDoes) {
  const bool full = GetParam();
  const auto requests = Mix();
  const auto expected = Undisturbed(ShortOfCells(), requests);
  LocalUnderTest t(ShortOfCells(), Fixed(1 << 20));
  auto sink = std::make_shared<RecordingSink>();
  SubmitTogether(t, requests, sink);
  std::latch release(1);
  ASSERT_TRUE(t.pool().TryRun([&] { release.wait(); }));
  while (full && t.pool().TryRun([] {})) {
  }
  sink->Release();
  sink->Wait("0");
  sink->Wait("1");
  release.count_down();
  std::int32_t preemptions = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Record record = sink->Wait(requests[i].id);
    ExpectSame(record, expected[i], requests[i].id);
    preemptions += record.terminals[0].timings.preemptions;
  }
  EXPECT_GT(preemptions, 0);
}

INSTANTIATE_TEST_SUITE_P(Behind, SlowPool, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Refused, SlowPool, testing::Values(true));

TEST(Interruption, ASharedBeginningIsComputedOnceAndCopied) {
  FakeOptions fake;
  fake.slot_cells = 1024;
  const std::string shared(600, 's');
  std::vector<core::GenerateRequest> requests;
  for (int i = 0; i < 8; ++i) {
    auto request = Ask(std::to_string(i), shared + " and number " + std::to_string(i) + " alone", 30);
    request.choices = i == 3 ? 3 : 1;
    requests.push_back(std::move(request));
  }
  const auto expected = Undisturbed(fake, requests);
  LocalUnderTest t(fake);
  auto sink = std::make_shared<RecordingSink>();
  for (const auto& request : requests) ASSERT_TRUE(t.engine().Submit(request, sink));
  int cached = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Record record = sink->Wait(requests[i].id);
    ExpectSame(record, expected[i], requests[i].id);
    for (std::int32_t c = 0; c < requests[i].choices; ++c) EXPECT_EQ(record.Ids(c), expected[i].Ids(c)) << i;
    cached += record.terminals[0].usage.cached_tokens >= 500 ? 1 : 0;
  }
  EXPECT_EQ(cached, 7);
}

// "a" is alone in the step that fails.
TEST(Interruption, AFailedStepEndsNobodyWhoHadNoPartInIt) {
  FakeOptions fake;
  fake.slots = 1;
  std::vector<core::GenerateRequest> waiting;
  for (int i = 0; i < 4; ++i) waiting.push_back(Ask(std::to_string(i), "waits " + std::to_string(i), 20));
  waiting[2].choices = 4;
  const auto expected = Undisturbed(fake, waiting);
  fake.run_faults = {RunFault{.call = 4, .kind = RunFault::Kind::kError}};
  LocalUnderTest t(fake);
  auto sink = std::make_shared<RecordingSink>();
  sink->HoldAt("a", 1);
  ASSERT_TRUE(t.engine().Submit(Ask("a", "fails", 20), sink));
  sink->WaitForIds("a", 1);
  for (const auto& request : waiting) ASSERT_TRUE(t.engine().Submit(request, sink));
  t.WaitUntilPrepared();
  sink->Release();
  const Record a = sink->Wait("a");
  ASSERT_TRUE(a.terminals[0].error);
  EXPECT_EQ(a.terminals[0].error->code(), base::Code::kInternal);
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    ExpectSame(sink->Wait(waiting[i].id), expected[i], waiting[i].id);
  }
}

// "a" sends its last token in the decode call of the step whose prefill call, for "b", fails.
TEST(Interruption, WhoHadItsLastTokenBeforeTheFailureEndsWell) {
  FakeOptions fake;
  fake.run_faults = {RunFault{.call = 3, .kind = RunFault::Kind::kError}};
  LocalUnderTest t(fake);
  auto sink = std::make_shared<RecordingSink>();
  sink->HoldAt("a", 1);
  ASSERT_TRUE(t.engine().Submit(Ask("a", "ends well", 2), sink));
  sink->WaitForIds("a", 1);
  ASSERT_TRUE(t.engine().Submit(Ask("b", std::string(300, 'b'), 2), sink));
  t.WaitUntilPrepared();
  sink->Release();
  const Record a = sink->Wait("a");
  EXPECT_FALSE(a.terminals[0].error);
  EXPECT_EQ(a.Finishes(), std::vector{core::FinishReason::kLength});
  EXPECT_EQ(a.terminals.size(), 1U);
  EXPECT_TRUE(sink->Wait("b").terminals[0].error);
  EXPECT_FALSE(sink->Now("a").late);
}

// What ran before and is paused when the step fails goes on from its last token.
TEST(Interruption, APausedAnswerSurvivesAnotherOnesFailure) {
  FakeOptions fake = ShortOfCells();
  const auto requests = Mix();
  const auto expected = Undisturbed(fake, requests);
  fake.run_faults = {RunFault{.call = 150, .kind = RunFault::Kind::kError}};
  LocalUnderTest t(fake, Fixed(1 << 20));
  auto sink = std::make_shared<RecordingSink>();
  SubmitTogether(t, requests, sink);
  sink->Release();
  std::size_t failed = 0, preempted = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Record record = sink->Wait(requests[i].id);
    if (record.terminals[0].error) {
      ++failed;
      continue;
    }
    ExpectSame(record, expected[i], requests[i].id);
    preempted += record.terminals[0].timings.preemptions > 0 ? 1 : 0;
  }
  EXPECT_GT(failed, 0U);
  EXPECT_GT(preempted, 0U);
}

}  // namespace
}  // namespace lares::engine
