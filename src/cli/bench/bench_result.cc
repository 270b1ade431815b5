// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/bench_result.h"

#include <algorithm>
#include <cmath>

namespace lares::cli {
namespace {

using Kind = Outcome::Kind;

bool IsGood(const Outcome& outcome, const BenchOptions& options) {
  if (outcome.kind != Kind::kOk) return false;
  if (options.slo_ttft && outcome.ttft > base::Seconds(*options.slo_ttft)) return false;
  return !options.slo_itl || outcome.mean_gap() <= base::Seconds(*options.slo_itl);
}

void Count(const Outcome& outcome, BenchResult& result) {
  ++result.sent;
  switch (outcome.kind) {
    case Kind::kOk:
      ++result.ok;
      break;
    case Kind::kRefused:
      ++result.refused;
      break;
    case Kind::kFailed:
      ++result.failed;
      break;
    case Kind::kUnfinished:
      ++result.unfinished;
      break;
  }
  if (!outcome.error.empty()) ++result.errors[outcome.error];
  if (outcome.kind != Kind::kOk) return;
  result.prompt_tokens += outcome.prompt_tokens;
  result.output_tokens += outcome.output_tokens;
  if (outcome.cached_tokens) result.cached_tokens = result.cached_tokens.value_or(0) + *outcome.cached_tokens;
}

double SpanOf(const std::vector<Outcome>& outcomes) {
  if (outcomes.empty()) return 0;
  const auto first = std::ranges::min(outcomes, {}, &Outcome::due).due;
  const auto last = std::ranges::max(outcomes, {}, &Outcome::ended).ended;
  return base::Seconds(last - first);
}

// How many gaps the answers that never came would have had.
std::size_t MissingGaps(std::size_t gaps, std::size_t answered, std::size_t missing) {
  if (answered == 0) return 0;
  const double each = static_cast<double>(gaps) / static_cast<double>(answered);
  return static_cast<std::size_t>(std::ceil(each * static_cast<double>(missing)));
}

void Distribute(const std::vector<Outcome>& outcomes, bool stream, BenchResult& result) {
  std::vector<double> ttft;
  std::vector<double> itl;
  std::vector<double> total;
  std::vector<double> lateness;
  for (const Outcome& outcome : outcomes) {
    lateness.push_back(base::Milliseconds(outcome.sent - outcome.due));
    if (outcome.kind != Kind::kOk) continue;
    if (stream) ttft.push_back(outcome.ttft * 1e3);
    total.push_back(outcome.total * 1e3);
    for (const double gap : outcome.gaps) itl.push_back(gap * 1e3);
  }
  const std::size_t missing = result.refused + result.failed;
  result.answered = {.ttft = Summarise(ttft), .itl = Summarise(itl), .total = Summarise(total)};
  const std::size_t missing_gaps = MissingGaps(itl.size(), result.ok, missing);
  result.latencies = {.ttft = Summarise(std::move(ttft), stream ? missing : 0),
                      .itl = Summarise(std::move(itl), missing_gaps),
                      .total = Summarise(std::move(total), missing)};
  result.lateness = Summarise(std::move(lateness));
}

}  // namespace

BenchResult Evaluate(const std::vector<Outcome>& outcomes, const BenchOptions& options) {
  BenchResult result;
  for (const Outcome& outcome : outcomes) {
    Count(outcome, result);
    if (IsGood(outcome, options)) ++result.good;
  }
  Distribute(outcomes, options.stream, result);
  result.seconds = SpanOf(outcomes);
  if (result.seconds > 0) {
    result.requests_per_second = static_cast<double>(result.ok) / result.seconds;
    result.output_tokens_per_second = static_cast<double>(result.output_tokens) / result.seconds;
    result.total_tokens_per_second =
        static_cast<double>(result.output_tokens + result.prompt_tokens) / result.seconds;
    result.good_per_second = static_cast<double>(result.good) / result.seconds;
  }
  const std::size_t judged = result.sent - result.unfinished;
  result.good_share = judged == 0 ? 0 : static_cast<double>(result.good) / static_cast<double>(judged);
  result.has_goal = options.slo_ttft.has_value() || options.slo_itl.has_value();
  result.goal_met = !result.has_goal || result.good_share >= options.slo_share;
  return result;
}

}  // namespace lares::cli
