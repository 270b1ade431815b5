// SPDX-License-Identifier: Apache-2.0
#include "cli/answerer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "cli/sse_reader.h"

namespace lares::cli {
namespace {

using base::Code;
using std::chrono::milliseconds;

constexpr auto kTick = milliseconds(100);
// However long the server says: a small model is there in a blink, and one person asks.
constexpr auto kAskAgain = milliseconds(100);
constexpr std::size_t kMaxErrorBytes = 1U << 20U;

Code CodeOf(int status) {
  switch (status) {
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kNotFound;
    case 429:
      return Code::kResourceExhausted;
    case 503:
      return Code::kUnavailable;
    default:
      return status >= 500 ? Code::kInternal : Code::kInvalidArgument;
  }
}

std::string Sentence(int status, const ServerError& error, base::Duration retry_after) {
  std::string text =
      error.message.empty() ? "the server answered with status " + std::to_string(status) : error.message;
  if (status == 401) text += " (set the key in LARES_API_KEY)";
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(retry_after).count();
  if (status == 429 && seconds > 0) text += "; it asks to come back in " + std::to_string(seconds) + " s";
  return text;
}

// A server's sign of life says nothing.
std::string_view WhyNothing(const SseReader& reader) {
  return reader.comment() == "keep-alive" ? std::string_view{} : reader.comment();
}

}  // namespace

// One exchange: hands pieces to the watch as they come.
struct HttpAnswerer::Attempt final : Receiver {
  Attempt(const AnswerWatch& the_watch, const std::function<bool()>& the_interrupted)
      : watch(the_watch), interrupted(the_interrupted) {}

  bool OnBytes(base::Time, std::string_view bytes) override {
    if (interrupted()) return false;
    if (head.size() < kMaxErrorBytes) head.append(bytes.substr(0, kMaxErrorBytes - head.size()));
    for (const std::string& data : reader.Feed(bytes)) Take(ParseStreamEvent(data));
    return !reader.overflowed() && !interrupted();
  }

  void OnEnd(base::Time, const HttpEnd& the_end) override { end = the_end; }

  void Take(const StreamEvent& event) {
    if (event.done) done = true;
    if (event.error && !error) error = event.error;
    if (event.usage) answer.usage = event.usage;
    if (!event.finish.empty()) answer.finish = event.finish;
    started = started || !event.text.empty() || !event.reasoning.empty();
    if (!event.reasoning.empty() && watch.on_reasoning) watch.on_reasoning(event.reasoning);
    if (!event.text.empty() && watch.on_text) watch.on_text(event.text);
  }

  const AnswerWatch& watch;
  const std::function<bool()>& interrupted;
  SseReader reader;
  std::string head;  // the body's beginning, for an error that is no stream
  AnswerEnd answer;
  bool started = false;
  bool done = false;
  std::optional<ServerError> error;
  std::optional<HttpEnd> end;
};

base::Result<AnswerEnd> HttpAnswerer::AskOnce(const std::string& body, const AnswerWatch& watch,
                                              bool& may_retry) {
  Attempt attempt(watch, interrupted_);
  transport_.Start({.path = "/v1/chat/completions", .body = body, .timeout = {}}, attempt);
  while (!attempt.end) {
    transport_.Poll(kTick);
    if (interrupted_()) transport_.CancelAll();
    if (!attempt.started && watch.on_waiting) watch.on_waiting(WhyNothing(attempt.reader));
  }
  const HttpEnd& end = *attempt.end;
  if (interrupted_()) {
    attempt.answer.interrupted = true;
    if (attempt.started) return attempt.answer;
    return base::Fail(Code::kCancelled, "interrupted");
  }
  if (attempt.reader.overflowed())
    return base::Fail(Code::kDataLoss, "the server sent an event larger than 16 MiB");
  if (!end.failure.empty()) return base::Fail(Code::kUnavailable, end.failure);
  if (end.status != 200) {
    const ServerError error = ParseErrorBody(attempt.head);
    may_retry = end.status == 503;
    return base::Fail(base::Error(CodeOf(end.status), Sentence(end.status, error, end.retry_after))
                          .WithReason(error.code)
                          .WithRetryAfter(std::chrono::duration_cast<milliseconds>(end.retry_after)));
  }
  if (attempt.error) {
    return base::Fail(base::Error(Code::kInternal, attempt.error->message).WithReason(attempt.error->code));
  }
  if (!attempt.done && attempt.answer.finish.empty()) {
    return base::Fail(Code::kDataLoss, "the answer broke off: the server ended the stream early");
  }
  return attempt.answer;
}

bool HttpAnswerer::Sleep(base::Duration how_long, const AnswerWatch& watch) {
  const base::Time until = clock_.Now() + how_long;
  while (clock_.Now() < until) {
    if (interrupted_()) return false;
    transport_.Poll(std::min<base::Duration>(kTick, until - clock_.Now()));
    if (watch.on_waiting) watch.on_waiting({});
  }
  return !interrupted_();
}

base::Result<AnswerEnd> HttpAnswerer::Ask(const std::string& body, const AnswerWatch& watch) {
  const base::Time give_up = clock_.Now() + patience_;
  bool told = false;
  for (;;) {
    bool may_retry = false;
    auto answer = AskOnce(body, watch, may_retry);
    if (answer || !may_retry || clock_.Now() >= give_up) return answer;
    if (!std::exchange(told, true) && watch.on_note) watch.on_note(answer.error().message());
    if (!Sleep(kAskAgain, watch)) {
      return base::Fail(Code::kCancelled, "interrupted");
    }
  }
}

}  // namespace lares::cli
