// SPDX-License-Identifier: Apache-2.0
//
// What a run amounts to. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/bench/bench_options.h"
#include "cli/bench/exchange_record.h"
#include "cli/bench/statistics.h"

namespace lares::cli {

// Milliseconds.
struct Latencies {
  Distribution ttft;
  Distribution itl;
  Distribution total;
};

struct BenchResult {
  std::size_t sent = 0;
  std::size_t ok = 0;
  std::size_t refused = 0;
  std::size_t failed = 0;
  std::size_t unfinished = 0;
  std::map<std::string, std::size_t> errors;  // of the refused and failed

  double seconds = 0;  // from the first request due to the last answer's end
  std::int64_t prompt_tokens = 0;
  std::int64_t output_tokens = 0;
  std::optional<std::int64_t> cached_tokens;  // where the server tells
  double requests_per_second = 0;             // answered
  double output_tokens_per_second = 0;
  double total_tokens_per_second = 0;

  // Over all requests but the unfinished. One that was refused or failed counts as infinitely late, and with
  // as many gaps as an answered one has on average: a server must not get better figures by giving up.
  Latencies latencies;
  Latencies answered;     // over those alone that were answered whole
  Distribution lateness;  // sent after due, in milliseconds: the load generator's own delay

  std::size_t good = 0;   // ok and within the goals
  double good_share = 0;  // of the sent, less the unfinished
  double good_per_second = 0;
  bool has_goal = false;
  bool goal_met = true;
};

BenchResult Evaluate(const std::vector<Outcome>& outcomes, const BenchOptions& options);

// For people; --json for machines. `server` and `started` go into the JSON as they are.
std::string ResultTable(const BenchResult& result, const BenchOptions& options);
std::string ResultJson(const BenchResult& result, const BenchOptions& options, const std::string& server,
                       const std::string& started, const std::string& version);

// The change from an earlier ResultJson to a later one, as a table; a first line warns when the two runs were
// asked different things. kInvalidArgument when `before` is no such file.
base::Result<std::string> CompareResults(std::string_view before, std::string_view after);

}  // namespace lares::cli
