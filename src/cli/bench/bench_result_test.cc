// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/bench_result.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/bench/progress_line.h"

namespace lares::cli {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Outcome::Kind;
using std::chrono::milliseconds;

base::Time At(milliseconds when) { return base::Time{when}; }

Outcome Ok(double ttft, std::vector<double> gaps, milliseconds due = milliseconds(0)) {
  Outcome outcome;
  outcome.kind = Kind::kOk;
  outcome.due = At(due);
  outcome.sent = At(due);
  outcome.ttft = ttft;
  outcome.total = ttft;
  for (const double gap : gaps) outcome.total += gap;
  outcome.ended = outcome.due + base::FromSeconds(outcome.total);
  outcome.output_tokens = static_cast<std::int64_t>(gaps.size()) + 1;
  outcome.prompt_tokens = 10;
  outcome.gaps = std::move(gaps);
  return outcome;
}

Outcome NotOk(Kind kind, std::string error) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.error = std::move(error);
  outcome.due = outcome.sent = At(milliseconds(0));
  outcome.ended = At(milliseconds(1));
  outcome.ttft = 0.0001;  // a refusal is fast; it must not count
  outcome.total = 0.0001;
  outcome.gaps = {0.0001};
  return outcome;
}

TEST(Evaluate, ErrorsNeverImproveAPercentile) {
  const std::vector<Outcome> good = {Ok(0.1, {0.02, 0.04}), Ok(0.3, {0.02})};
  std::vector<Outcome> mixed = good;
  for (int i = 0; i < 50; ++i) mixed.push_back(NotOk(Kind::kRefused, "HTTP 429: full"));
  mixed.push_back(NotOk(Kind::kFailed, "cut"));
  mixed.push_back(NotOk(Kind::kUnfinished, ""));
  const BenchOptions options;
  const BenchResult alone = Evaluate(good, options);
  const BenchResult result = Evaluate(mixed, options);
  // Most requests were not answered, and so neither was the one in the middle.
  EXPECT_TRUE(std::isinf(result.latencies.ttft.p50));
  EXPECT_TRUE(std::isinf(result.latencies.itl.p50));
  EXPECT_TRUE(std::isinf(result.latencies.total.p50));
  EXPECT_EQ(result.latencies.ttft.missing, 51U) << "an interrupt of the user's is nobody's fault";
  EXPECT_EQ(result.answered.ttft.p50, alone.latencies.ttft.p50);
  EXPECT_NEAR(result.answered.ttft.p50, 200, 1e-6);
  EXPECT_EQ(result.answered.itl.p99, alone.latencies.itl.p99);
  EXPECT_EQ(result.answered.total.p50, alone.latencies.total.p50);
  EXPECT_EQ(result.ok, 2U);
  EXPECT_EQ(result.refused, 50U);
  EXPECT_EQ(result.failed, 1U);
  EXPECT_EQ(result.unfinished, 1U);
  EXPECT_EQ(result.errors.at("HTTP 429: full"), 50U);
}

// The audit's case: who fails the slowest 5 % must not look better than who answers them.
TEST(Evaluate, FailingTheSlowestDoesNotPay) {
  std::vector<Outcome> honest;
  std::vector<Outcome> cheat;
  for (int i = 0; i < 100; ++i) {
    const bool slow = i >= 95;
    honest.push_back(Ok(slow ? 5 : 0.1, {slow ? 2 : 0.02}));
    cheat.push_back(slow ? NotOk(Kind::kFailed, "cut") : Ok(0.1, {0.02}));
  }
  const Latencies fair = Evaluate(honest, {}).latencies;
  const Latencies unfair = Evaluate(cheat, {}).latencies;
  EXPECT_EQ(unfair.ttft.p50, fair.ttft.p50);
  for (const auto& member : {&Latencies::ttft, &Latencies::itl, &Latencies::total}) {
    EXPECT_GT((unfair.*member).p95, (fair.*member).p95);
    EXPECT_TRUE(std::isinf((unfair.*member).p99));
    EXPECT_TRUE(std::isinf((unfair.*member).max));
    EXPECT_TRUE(std::isinf((unfair.*member).mean));
  }
  const Latencies none = Evaluate({NotOk(Kind::kFailed, "cut")}, {}).latencies;
  EXPECT_TRUE(std::isinf(none.ttft.p50));
  EXPECT_EQ(none.itl.count + none.itl.missing, 0U);
}

TEST(Evaluate, ThroughputIsWhatWasAnsweredOverTheWholeSpan) {
  const BenchResult result = Evaluate({Ok(0.5, {0.5}), Ok(0.5, {0.5}, milliseconds(1000))}, {});
  EXPECT_NEAR(result.seconds, 2, 1e-9);
  EXPECT_NEAR(result.output_tokens_per_second, 2, 1e-9);
  EXPECT_NEAR(result.total_tokens_per_second, 12, 1e-9);
  EXPECT_NEAR(result.requests_per_second, 1, 1e-9);
}

TEST(Evaluate, GoodputCountsTheRefusedAsNotGood) {
  BenchOptions options;
  options.slo_ttft = milliseconds(200);
  options.slo_itl = milliseconds(30);
  options.slo_share = 0.5;
  std::vector<Outcome> outcomes = {Ok(0.1, {0.02, 0.04}), Ok(0.3, {0.02}), Ok(0.1, {0.05})};
  BenchResult result = Evaluate(outcomes, options);
  EXPECT_EQ(result.good,
            1U);  // a mean gap of 30 ms is good, 50 is not, and 300 ms to the first token neither
  EXPECT_FALSE(result.goal_met);
  outcomes = {Ok(0.1, {}), NotOk(Kind::kRefused, "full")};
  result = Evaluate(outcomes, options);
  EXPECT_EQ(result.good_share, 0.5);
  EXPECT_TRUE(result.goal_met);
  outcomes.push_back(NotOk(Kind::kUnfinished, ""));  // the user's impatience is not the server's fault
  EXPECT_EQ(Evaluate(outcomes, options).good_share, 0.5);
  EXPECT_FALSE(Evaluate({}, options).goal_met);
  EXPECT_TRUE(Evaluate({}, BenchOptions{}).goal_met);
}

TEST(ResultTable, IsForPeople) {
  BenchOptions options;
  options.slo_ttft = milliseconds(200);
  const BenchResult result = Evaluate({Ok(0.1, {0.02}), NotOk(Kind::kRefused, "HTTP 429: full")}, options);
  const std::string text = ResultTable(result, options);
  EXPECT_THAT(text, HasSubstr("2 requests sent, 1 answered, 1 refused"));
  EXPECT_THAT(text, HasSubstr("time to first token"));
  EXPECT_THAT(text, HasSubstr("  answered only"));
  EXPECT_THAT(text, HasSubstr("The 1 refused or failed count as infinitely late: \"failed\""));
  EXPECT_THAT(ResultTable(Evaluate({Ok(0.1, {0.02})}, options), options), Not(HasSubstr("fail")));
  EXPECT_THAT(text, HasSubstr("MISSED"));
  EXPECT_THAT(text, HasSubstr("Error, 1 times: HTTP 429: full"));
  EXPECT_THAT(ResultTable(Evaluate({}, options), options), Not(HasSubstr("time to first")));
}

TEST(CompareResults, ShowsWhatChanged) {
  BenchOptions options;
  options.requests = 2;
  const auto json = [&](double ttft, const BenchOptions& o) {
    return ResultJson(Evaluate({Ok(ttft, {0.02, 0.02})}, o), o, "http://x", "now", "1");
  };
  const auto same = CompareResults(json(0.1, options), json(0.2, options));
  ASSERT_TRUE(same);
  EXPECT_THAT(*same, HasSubstr("TTFT p50, ms"));
  EXPECT_THAT(*same, HasSubstr("2.00x worse"));
  EXPECT_THAT(*same, Not(HasSubstr("differ")));
  EXPECT_THAT(*CompareResults(json(0.2, options), json(0.1, options)), HasSubstr("0.500x better"));
  BenchOptions other = options;
  other.concurrency = 9;
  EXPECT_THAT(*CompareResults(json(0.1, options), json(0.1, other)),
              HasSubstr("differ in what was asked: concurrency"));
  const std::string failing =
      ResultJson(Evaluate({Ok(0.1, {0.02, 0.02}), NotOk(Kind::kFailed, "cut")}, options), options, "http://x",
                 "now", "1");
  EXPECT_THAT(*CompareResults(json(0.1, options), failing),
              ContainsRegex("TTFT p99, ms +100 +failed +worse"));
  EXPECT_THAT(*CompareResults(failing, json(0.1, options)),
              ContainsRegex("TTFT p99, ms +failed +100 +better"));
  EXPECT_THAT(*CompareResults(failing, failing), ContainsRegex("TTFT p99, ms +failed +failed +="));
  EXPECT_FALSE(CompareResults("{}", json(0.1, options)));
  EXPECT_FALSE(CompareResults("nonsense", json(0.1, options)));
  // A file that was cut or made by hand has less in it, and that is no crash.
  EXPECT_TRUE(CompareResults(R"({"throughput":3,"options":[],"ttft_ms":null})", json(0.1, options)));
}

TEST(ResultJson, HasEverything) {
  BenchOptions options;
  options.model = "m";
  options.rate = 2;
  const auto json =
      nlohmann::json::parse(ResultJson(Evaluate({Ok(0.1, {0.02})}, options), options, "u", "now", "1.2"));
  EXPECT_EQ(json["model"], "m");
  EXPECT_EQ(json["options"]["rate"], 2);
  EXPECT_TRUE(json["options"]["concurrency"].is_null());
  EXPECT_EQ(json["ttft_ms"]["p50"], 100);
  EXPECT_EQ(json["ttft_ms"]["missing"], 0);
  const auto failing = nlohmann::json::parse(ResultJson(
      Evaluate({Ok(0.1, {0.02}), NotOk(Kind::kRefused, "full")}, options), options, "u", "now", "1"));
  EXPECT_TRUE(failing["ttft_ms"]["p99"].is_null());
  EXPECT_EQ(failing["ttft_ms"]["missing"], 1);
  EXPECT_EQ(failing["answered_only"]["ttft_ms"]["p99"], 100);
  EXPECT_EQ(json["counts"]["ok"], 1);
  EXPECT_EQ(json["tokens"]["output"], 2);
  EXPECT_TRUE(nlohmann::json::parse(ResultJson(Evaluate({}, options), options, "u", "now", "1"))["ttft_ms"]
                  .is_null());
}

ExchangeRecord Record(std::vector<std::string> pieces, HttpEnd end = {.status = 200}) {
  ExchangeRecord record;
  record.due = record.sent = At(milliseconds(0));
  for (const std::string& piece : pieces) {
    record.body += piece;
    record.pieces.push_back({.when = At(milliseconds(10 * (1 + static_cast<int>(record.pieces.size())))),
                             .end = record.body.size()});
  }
  record.ended = At(milliseconds(100));
  record.end = std::move(end);
  return record;
}

TEST(ReadOutcome, EventsCountWhenTheirLastByteCame) {
  const auto outcome = ReadOutcome(
      Record({"data: {\"choices\":[{\"te", "xt\":\"a\"}]}\n\ndata: {\"choices\":[{\"text\":\"\"}]}\n\n",
              "data: {\"choices\":[{\"text\":\"b\"}]}\n\n", "data: [DONE]\n\n"}),
      true);
  ASSERT_EQ(outcome.kind, Kind::kOk) << outcome.error;
  EXPECT_NEAR(outcome.ttft, 0.020, 1e-9);
  ASSERT_EQ(outcome.gaps.size(), 1U);
  EXPECT_NEAR(outcome.gaps[0], 0.010, 1e-9);
  EXPECT_EQ(outcome.output_tokens, 2);  // no usage was sent: pieces of text are counted
}

TEST(ReadOutcome, TellsRefusedFromFailed) {
  EXPECT_EQ(ReadOutcome(Record({R"({"error":{"message":"full"}})"}, {.status = 429}), true).kind,
            Kind::kRefused);
  EXPECT_EQ(ReadOutcome(Record({}, {.status = 503}), true).kind, Kind::kRefused);
  EXPECT_EQ(ReadOutcome(Record({"oops"}, {.status = 500}), true).error, "HTTP 500: oops");
  EXPECT_EQ(ReadOutcome(Record({}, {.status = 200, .failure = "cut"}), true).error, "cut");
  EXPECT_EQ(ReadOutcome(Record({}, {.cancelled = true}), true).kind, Kind::kUnfinished);
  EXPECT_EQ(ReadOutcome(Record({"data: {\"choices\":[{\"text\":\"a\"}]}\n\n"}), true).kind, Kind::kFailed);
  EXPECT_EQ(ReadOutcome(Record({"data: [DONE]\n\n"}), true).kind, Kind::kFailed);
  EXPECT_EQ(ReadOutcome(Record({"data: {\"error\":{\"message\":\"died\"}}\n\n"}), true).error, "died");
  EXPECT_EQ(ReadOutcome(Record({"data: {{{\n\n"}), true).kind, Kind::kFailed);
}

TEST(ReadOutcome, ReadsWholeAnswers) {
  const auto outcome = ReadOutcome(
      Record({R"({"choices":[{"text":"ab"}],"usage":{"prompt_tokens":3,"completion_tokens":2}})"}), false);
  EXPECT_EQ(outcome.kind, Kind::kOk);
  EXPECT_EQ(outcome.output_tokens, 2);
  EXPECT_TRUE(outcome.gaps.empty());
  EXPECT_EQ(ReadOutcome(Record({"x"}), false).kind, Kind::kFailed);
}

TEST(ProgressText, SaysHowFarItIs) {
  EXPECT_EQ(ProgressText({.elapsed = std::chrono::seconds(2),
                          .sent = 10,
                          .running = 4,
                          .ended = 6,
                          .not_ok = 1,
                          .pieces = 100},
                         20),
            "2.00 s: 6 of 20 ended, 4 running, 1 refused or failed, 50.0 pieces/s");
}

}  // namespace
}  // namespace lares::cli
