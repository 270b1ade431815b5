// SPDX-License-Identifier: Apache-2.0
//
// What is asked: the requests of a run, made up or read from a file. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "cli/bench/bench_options.h"
#include "cli/bench/length_distribution.h"
#include "cli/bench/prompt_maker.h"
#include "cli/bench/random.h"

namespace lares::cli {

struct PlannedRequest {
  base::Duration due{};  // from the start; for open loops
  std::string path;
  std::string body;
};

// Writes requests as the options want them. Copies what it needs.
class RequestWriter {
 public:
  // kInvalidArgument when --extra is no JSON object.
  static base::Result<RequestWriter> Make(const BenchOptions& options);

  PlannedRequest FromPrompt(const std::string& prompt, std::int32_t output_tokens) const;
  // A body someone else made; streaming, the model and --extra are set as the options say.
  base::Result<PlannedRequest> FromBody(std::string_view json) const;

 private:
  std::string model_;
  bool chat_ = false;
  bool stream_ = true;
  bool ignore_eos_ = true;
  std::string extra_;  // JSON object
};

// One request after the other. Not thread safe.
class RequestSource {
 public:
  virtual ~RequestSource() = default;
  // Nothing when there are no more.
  virtual std::optional<PlannedRequest> Next() = 0;
};

// Endless, by the options' lengths and prefixes. What it refers to must outlive it.
class MadeUpRequests final : public RequestSource {
 public:
  struct Lengths {
    LengthDistribution prompt;
    LengthDistribution output;
  };
  MadeUpRequests(const BenchOptions& options, Lengths lengths, const RequestWriter& writer,
                 PromptMaker& prompts);

  std::optional<PlannedRequest> Next() override;

 private:
  const RequestWriter& writer_;
  PromptMaker& prompts_;
  const Lengths lengths_;
  Random random_;
  std::vector<std::string> prefixes_;
  std::size_t turn_ = 0;
};

class ListedRequests final : public RequestSource {
 public:
  explicit ListedRequests(std::vector<PlannedRequest> requests) : requests_(std::move(requests)) {}
  std::optional<PlannedRequest> Next() override;

 private:
  std::vector<PlannedRequest> requests_;
  std::size_t next_ = 0;
};

// One line of a replay file.
struct ReplayLine {
  std::optional<double> at;  // seconds
  std::string body;          // JSON; empty: a prompt of the lengths below is made up
  std::int32_t prompt_tokens = 0;
  std::int32_t output_tokens = 0;
};

// Errors name the line. Blank lines are skipped.
base::Result<std::vector<ReplayLine>> ParseReplay(std::string_view text);

struct Replay {
  std::vector<PlannedRequest> requests;
  bool timed = false;  // every line says when
};

// `prompts` may be null when every line has a body.
base::Result<Replay> MakeReplay(const std::vector<ReplayLine>& lines, const RequestWriter& writer,
                                PromptMaker* prompts, double speed);

// Keeps what is due within `duration` and the first `most` of that; absent: no bound. `requests` in order of
// their times.
void KeepWithin(std::optional<base::Duration> duration, std::optional<std::int32_t> most,
                std::vector<PlannedRequest>& requests);

}  // namespace lares::cli
