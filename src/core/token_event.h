// SPDX-License-Identifier: Apache-2.0
//
// What comes back from an engine. A request's events arrive in order: any number of Waiting, at most one
// Admitted, at most one Started, any number of Deltas, exactly one Terminal, whatever ended it. Quotas settle
// and audit closes at the Terminal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "core/prompt.h"

namespace lares::core {

struct TokenProbability {
  TokenId id = 0;
  std::string bytes;     // may be part of a UTF-8 character
  float logprob = 0.0F;  // natural logarithm
  bool operator==(const TokenProbability&) const = default;
};

struct TokenLogprob {
  TokenProbability chosen;
  std::vector<TokenProbability> top;
  bool operator==(const TokenLogprob&) const = default;
};

// A part of one tool call; the first part of a call carries id and name.
struct ToolCallDelta {
  std::int32_t index = 0;
  std::string id;
  std::string name;
  std::string arguments;
  bool operator==(const ToolCallDelta&) const = default;
};

enum class FinishReason : std::uint8_t { kStop, kLength, kToolCalls };

// It waits for its model, which is not there yet. Several may come, before everything else. Headers of a
// stream may go out with it.
struct Waiting {
  std::string request;
  std::string why;  // a few words: "the model is loading, 42 percent done"
  bool operator==(const Waiting&) const = default;
};

// Accepted: the prompt fits and a place is reserved. Headers of a stream may go out now.
struct Admitted {
  std::string request;
  std::int32_t prompt_tokens = 0;
  bool operator==(const Admitted&) const = default;
};

// Its first rows are about to be computed.
struct Started {
  std::string request;
  std::int32_t cached_tokens = 0;  // as in Usage
  base::Duration queued{};         // as in Timings
  bool operator==(const Started&) const = default;
};

// What one call of a step added to one choice. `ids` are the tokens behind it, also those whose text is held
// back (an incomplete character, the beginning of a stop string). `finish` is set once per choice, on its
// last.
struct Delta {
  std::string request;
  std::int32_t choice = 0;
  std::string text;
  std::string reasoning;
  std::vector<ToolCallDelta> tool_calls;
  std::vector<TokenId> ids;
  std::vector<TokenLogprob> logprobs;
  std::optional<FinishReason> finish;
  bool operator==(const Delta&) const = default;
};

struct Usage {
  std::int32_t prompt_tokens = 0;
  std::int32_t cached_tokens = 0;      // part of prompt_tokens that was not computed again
  std::int32_t completion_tokens = 0;  // over all choices
  bool operator==(const Usage&) const = default;
};

// Where the time went; zero when it never came so far.
struct Timings {
  base::Duration queued{};       // from Submit to the first row computed
  base::Duration first_token{};  // from Submit to the first token
  base::Duration total{};        // from Submit to this event
  base::Duration worst_gap{};    // longest time between two tokens of one choice
  base::Duration p99_gap{};
  std::int32_t preemptions = 0;
  std::int32_t continuations = 0;  // times that it went on elsewhere, because its engine was lost
  bool operator==(const Timings&) const = default;
};

// The end. With `error` set the request failed or was cancelled (kCancelled).
struct Terminal {
  std::string request;
  std::optional<base::Error> error;
  Usage usage;
  Timings timings;
  bool operator==(const Terminal&) const = default;
};

// What came at one time (after a call of a step, or between two steps) for all requests of one sink. Order
// within a request: waiting, admitted, started, deltas, terminals.
struct EventBatch {
  std::vector<Waiting> waiting;
  std::vector<Admitted> admitted;
  std::vector<Started> started;
  std::vector<Delta> deltas;
  std::vector<Terminal> terminals;
  base::Time made{};  // when the engine posted it, for the delivery-delay histogram

  bool empty() const {
    return waiting.empty() && admitted.empty() && started.empty() && deltas.empty() && terminals.empty();
  }
};

}  // namespace lares::core
