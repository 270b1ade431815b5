// SPDX-License-Identifier: Apache-2.0
//
// Gets one answer from a server, piece by piece. An interface, so that a chat can be tested without one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/stream_event.h"
#include "cli/transport.h"

namespace lares::cli {

struct AnswerEnd {
  bool interrupted = false;  // by the user
  std::string finish;        // as the server says: "stop", "length"
  std::optional<TokenUsage> usage;
};

// What one can see while an answer comes. Any may be empty.
struct AnswerWatch {
  std::function<void(std::string_view)> on_text;
  std::function<void(std::string_view)> on_reasoning;
  // Several times a second, until the first piece; with what the server says of it, or nothing.
  std::function<void(std::string_view)> on_waiting;
  std::function<void(std::string_view)> on_note;  // "the model is still loading"
};

class Answerer {
 public:
  virtual ~Answerer() = default;
  // `body` is a request for a stream of /v1/chat/completions. Errors are sentences; the reason is the
  // server's code, e.g. "context_length_exceeded". kCancelled: interrupted before there was an answer.
  virtual base::Result<AnswerEnd> Ask(const std::string& body, const AnswerWatch& watch) = 0;
};

// Asks over `transport`. While the server loads its model it is asked again, for `patience` at most.
class HttpAnswerer final : public Answerer {
 public:
  // `interrupted` is asked often; all three must outlive it.
  HttpAnswerer(Transport& transport, const base::Clock& clock, std::function<bool()> interrupted,
               base::Duration patience = std::chrono::minutes(10))
      : transport_(transport), clock_(clock), interrupted_(std::move(interrupted)), patience_(patience) {}

  base::Result<AnswerEnd> Ask(const std::string& body, const AnswerWatch& watch) override;

 private:
  struct Attempt;
  base::Result<AnswerEnd> AskOnce(const std::string& body, const AnswerWatch& watch, bool& may_retry);
  bool Sleep(base::Duration how_long, const AnswerWatch& watch);

  Transport& transport_;
  const base::Clock& clock_;
  const std::function<bool()> interrupted_;
  const base::Duration patience_;
};

}  // namespace lares::cli
