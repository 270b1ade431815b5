// SPDX-License-Identifier: Apache-2.0
//
// What `lares bench` was asked to measure. Plain values, filled by app/command_line; the texts with a syntax
// of their own are parsed by length_distribution.h and arrival.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace lares::cli {

struct BenchOptions {
  std::string model;                // empty: the server's only one
  std::string api = "completions";  // or "chat"
  bool stream = true;

  // Load: closed (so many at once) unless a rate is given (so many per second, whatever comes back).
  std::int32_t concurrency = 1;
  std::optional<double> rate;              // requests per second
  std::string arrivals = "poisson";        // or "constant"
  std::optional<std::int32_t> requests;    // how many; absent: as many as fit into `duration`
  std::optional<base::Duration> duration;  // new requests are sent that long; absent without `requests`: 30 s
  std::int32_t warmup = 0;                 // requests before, not measured
  base::Duration timeout = std::chrono::seconds(300);
  bool fresh_connections = false;     // one for each request
  std::optional<std::uint64_t> seed;  // absent: drawn, so that no run meets a cache that another one filled

  // Work.
  std::string prompt_tokens = "128";
  std::string output_tokens = "128";
  std::int32_t shared_prefix = 0;  // tokens that prompts have in common
  std::int32_t prefix_groups = 1;  // how many different shared prefixes
  std::string replay;              // JSONL file of requests; empty: made-up prompts
  double replay_speed = 1;         // of the times in the file
  bool ignore_eos = true;
  std::string extra;        // JSON object merged into each request
  std::string corpus;       // text file for prompts; empty: the built-in words
  std::string words_cache;  // file that keeps token counts of words between runs

  // Verdict.
  std::optional<base::Duration> slo_ttft;
  std::optional<base::Duration> slo_itl;
  double slo_share = 0.99;  // of the requests sent must be good
  std::string json;         // write the result here; "-": standard output
  std::string compare;      // an earlier result
  bool quiet = false;       // no progress line
};

}  // namespace lares::cli
