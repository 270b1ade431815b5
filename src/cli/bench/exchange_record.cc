// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/exchange_record.h"

#include <numeric>
#include <string_view>

#include "cli/sse_reader.h"
#include "cli/stream_event.h"

namespace lares::cli {
namespace {

constexpr std::size_t kErrorBytes = 160;

void NoteUsage(const StreamEvent& event, Outcome& outcome) {
  if (!event.usage) return;
  outcome.prompt_tokens = event.usage->prompt;
  outcome.output_tokens = event.usage->completion;
  outcome.cached_tokens = event.usage->cached;
}

void Fail(Outcome& outcome, std::string_view error) {
  outcome.kind = Outcome::Kind::kFailed;
  outcome.error = error.substr(0, kErrorBytes);
}

void ReadStream(const ExchangeRecord& record, Outcome& outcome) {
  SseReader reader;
  std::vector<base::Time> texts;
  bool done = false;
  std::size_t from = 0;
  for (const auto& piece : record.pieces) {
    const std::string_view bytes = std::string_view(record.body).substr(from, piece.end - from);
    from = piece.end;
    for (const std::string& data : reader.Feed(bytes)) {
      const StreamEvent event = ParseStreamEvent(data);
      if (event.error) return Fail(outcome, event.error->message);
      if (event.broken && !event.done) return Fail(outcome, "an event of the stream is no JSON");
      done = done || event.done;
      NoteUsage(event, outcome);
      if (!event.text.empty() || !event.reasoning.empty()) texts.push_back(piece.when);
    }
  }
  if (!done) return Fail(outcome, "the stream ended without [DONE]");
  if (texts.empty()) return Fail(outcome, "the stream had no text");
  if (outcome.output_tokens == 0) outcome.output_tokens = static_cast<std::int64_t>(texts.size());
  outcome.kind = Outcome::Kind::kOk;
  outcome.ttft = base::Seconds(texts.front() - record.due);
  for (std::size_t i = 1; i < texts.size(); ++i)
    outcome.gaps.push_back(base::Seconds(texts[i] - texts[i - 1]));
}

void ReadWhole(const ExchangeRecord& record, Outcome& outcome) {
  const StreamEvent event = ParseWholeAnswer(record.body);
  if (event.error) return Fail(outcome, event.error->message);
  if (event.broken) return Fail(outcome, "the answer is no JSON");
  NoteUsage(event, outcome);
  outcome.kind = Outcome::Kind::kOk;
  outcome.ttft = base::Seconds(record.ended - record.due);
}

}  // namespace

double Outcome::mean_gap() const {
  if (gaps.empty()) return 0;
  return std::accumulate(gaps.begin(), gaps.end(), 0.0) / static_cast<double>(gaps.size());
}

Outcome ReadOutcome(const ExchangeRecord& record, bool stream) {
  Outcome outcome;
  outcome.due = record.due;
  outcome.sent = record.sent;
  outcome.ended = record.ended;
  outcome.total = base::Seconds(record.ended - record.due);
  const HttpEnd& end = record.end;
  if (end.cancelled) {
    outcome.kind = Outcome::Kind::kUnfinished;
  } else if (!end.failure.empty()) {
    Fail(outcome, end.failure);
  } else if (end.status != 200) {
    Fail(outcome, "HTTP " + std::to_string(end.status) + ": " + ParseErrorBody(record.body).message);
    if (end.status == 429 || end.status == 503) outcome.kind = Outcome::Kind::kRefused;
  } else if (stream) {
    ReadStream(record, outcome);
  } else {
    ReadWhole(record, outcome);
  }
  return outcome;
}

}  // namespace lares::cli
