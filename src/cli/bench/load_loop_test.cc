// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/load_loop.h"

#include <gtest/gtest.h>

#include "cli/scripted_transport.h"

namespace lares::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Two tokens, `first` and `gap` after each other.
ScriptedTransport::Script TwoTokens(milliseconds first, milliseconds gap) {
  return {
      .pieces =
          {{first, "data: {\"choices\":[{\"text\":\"a\"}]}\n\n"},
           {gap,
            "data: {\"choices\":[{\"text\":\"b\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,"
            "\"completion_tokens\":2}}\n\ndata: [DONE]\n\n"}},
      .end = {.status = 200}};
}

class Endless final : public RequestSource {
 public:
  std::optional<PlannedRequest> Next() override {
    return PlannedRequest{.due = {}, .path = "/", .body = "{}"};
  }
};

struct Bed {
  base::ManualClock clock;
  ScriptedTransport transport{clock};
  LoadSettings settings;
};

TEST(LoadLoop, AClosedLoopKeepsSoManyRunning) {
  Bed bed;
  bed.transport.fallback = TwoTokens(milliseconds(10), milliseconds(5));
  Endless source;
  LoadLoop loop(bed.transport, bed.clock, bed.settings);
  const auto outcomes = loop.RunClosed(source, {.concurrency = 4, .requests = 10, .duration = {}});
  ASSERT_EQ(outcomes.size(), 10U);
  EXPECT_EQ(bed.transport.most_running, 4U);
  for (const Outcome& outcome : outcomes) {
    EXPECT_EQ(outcome.kind, Outcome::Kind::kOk) << outcome.error;
    EXPECT_NEAR(outcome.ttft, 0.010, 1e-9);
    ASSERT_EQ(outcome.gaps.size(), 1U);
    EXPECT_NEAR(outcome.gaps[0], 0.005, 1e-9);
    EXPECT_EQ(outcome.output_tokens, 2);
  }
}

TEST(LoadLoop, AClosedLoopEndsByTime) {
  Bed bed;
  bed.transport.fallback = TwoTokens(milliseconds(60), milliseconds(40));
  Endless source;
  LoadLoop loop(bed.transport, bed.clock, bed.settings);
  EXPECT_EQ(loop.RunClosed(source, {.concurrency = 1, .requests = 0, .duration = seconds(1)}).size(), 10U);
}

TEST(LoadLoop, AnOpenLoopDoesNotWaitForAnswers) {
  Bed bed;
  bed.transport.fallback = TwoTokens(seconds(10), milliseconds(5));
  std::vector<PlannedRequest> requests;
  for (int i = 0; i < 5; ++i) requests.push_back({.due = milliseconds(100 * i), .path = "/", .body = "{}"});
  LoadLoop loop(bed.transport, bed.clock, bed.settings);
  const auto outcomes = loop.RunOpen(std::move(requests));
  ASSERT_EQ(outcomes.size(), 5U);
  EXPECT_EQ(bed.transport.most_running, 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(bed.transport.started[i] - bed.transport.started[0], milliseconds(100 * i));
    EXPECT_NEAR(outcomes[i].ttft, 10, 1e-9);
  }
}

// A load generator that falls behind must not make the server look fast.
TEST(LoadLoop, AnOpenLoopCountsFromWhenARequestWasDue) {
  Bed bed;
  bed.transport.fallback = TwoTokens(milliseconds(10), milliseconds(5));
  std::vector<PlannedRequest> requests;
  for (int i = 0; i < 2; ++i) requests.push_back({.due = milliseconds(100 * i), .path = "/", .body = "{}"});
  bool stalled = false;
  bed.settings.on_progress = {};
  bed.settings.interrupted = [&] {
    // The machine was busy elsewhere for half a second, right after the first was sent.
    if (!std::exchange(stalled, true)) bed.clock.Advance(milliseconds(500));
    return false;
  };
  LoadLoop loop(bed.transport, bed.clock, bed.settings);
  const auto outcomes = loop.RunOpen(std::move(requests));
  ASSERT_EQ(outcomes.size(), 2U);
  EXPECT_GE(outcomes[1].ttft, 0.410);
  EXPECT_EQ(outcomes[1].sent - outcomes[1].due, milliseconds(400));
}

TEST(LoadLoop, AnInterruptLeavesTheRestUnfinished) {
  Bed bed;
  bed.transport.scripts = {TwoTokens(milliseconds(1), milliseconds(1))};
  bed.transport.fallback = TwoTokens(seconds(100), milliseconds(1));
  bed.settings.interrupted = [&] { return bed.clock.Now() >= base::Time{seconds(2)}; };
  Endless source;
  LoadLoop loop(bed.transport, bed.clock, bed.settings);
  const auto outcomes = loop.RunClosed(source, {.concurrency = 2, .requests = 0, .duration = seconds(1000)});
  ASSERT_EQ(outcomes.size(), 3U);
  EXPECT_EQ(outcomes[0].kind, Outcome::Kind::kOk);
  EXPECT_EQ(outcomes[1].kind, Outcome::Kind::kUnfinished);
  EXPECT_EQ(outcomes[2].kind, Outcome::Kind::kUnfinished);
}

TEST(LoadLoop, MemoryIsBounded) {
  Bed bed;
  bed.transport.fallback = TwoTokens(milliseconds(1), milliseconds(1));
  bed.settings.raw_bytes = 1;
  Endless source;
  LoadLoop loop(bed.transport, bed.clock, bed.settings);
  const auto outcomes = loop.RunClosed(source, {.concurrency = 3, .requests = 20, .duration = {}});
  ASSERT_EQ(outcomes.size(), 20U);
  for (const Outcome& outcome : outcomes) EXPECT_EQ(outcome.kind, Outcome::Kind::kOk) << outcome.error;
}

TEST(LoadLoop, TellsHowFarItIs) {
  Bed bed;
  bed.transport.fallback = TwoTokens(milliseconds(400), milliseconds(400));
  std::vector<LoadProgress> seen;
  bed.settings.on_progress = [&](const LoadProgress& progress) { seen.push_back(progress); };
  Endless source;
  LoadLoop loop(bed.transport, bed.clock, bed.settings);
  loop.RunClosed(source, {.concurrency = 1, .requests = 3, .duration = {}});
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.front().running, 1U);
  EXPECT_GT(seen.back().pieces, seen.front().pieces);
}

}  // namespace
}  // namespace lares::cli
