// SPDX-License-Identifier: Apache-2.0
#include "http/api/generate_job.h"

#include <chrono>
#include <exception>
#include <utility>

#include "http/openai/error_body.h"
#include "http/status.h"

namespace lares::http::api {
namespace {

constexpr std::size_t kMaxWholeBytes = 64 * 1024 * 1024;  // held of an answer that is told whole
constexpr std::size_t kSmallAnswer = 64 * 1024;  // encoded on the I/O thread: about a tenth of a millisecond

base::Error TooLarge() {
  return base::Error(base::Code::kInvalidArgument,
                     "the answer has grown beyond " + std::to_string(kMaxWholeBytes >> 20U) +
                         " MiB; ask for it as a stream, or for fewer choices, tokens or log probabilities")
      .WithReason("answer_too_large");
}

// nginx and its kin hold a stream back unless told not to.
Response StreamHead() {
  return {.status = 200,
          .content_type = "text/event-stream; charset=utf-8",
          .headers = {{"X-Accel-Buffering", "no"}}};
}

// The engine calls it cancelled when it stops. The client did not cancel anything: for it the server went.
base::Error ForClient(const base::Error& error) {
  if (error.code() != base::Code::kCancelled) return error;
  return base::Error(base::Code::kUnavailable, "the server stopped before the answer was complete")
      .WithReason("shutting_down")
      .WithRetryAfter(std::chrono::seconds(2));
}

}  // namespace

GenerateJob::GenerateJob(Api& api, std::shared_ptr<Exchange> exchange, std::unique_ptr<AnswerStyle> style,
                         bool stream)
    : api_(api),
      lane_(api.LaneOf(*exchange)),
      exchange_(std::move(exchange)),
      style_(std::move(style)),
      stream_(stream) {}

void GenerateJob::Start(const service::Operation& operation, std::string id,
                        std::vector<core::GenerateRequest> requests) {
  std::int32_t choices = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    requests[i].id = requests.size() == 1 ? id : id + "-" + std::to_string(i);
    requests[i].principal = exchange_->principal();
    first_choice_[requests[i].id] = choices;
    choices += requests[i].choices;
  }
  choices_.resize(stream_ ? 0 : static_cast<std::size_t>(choices));
  begun_.resize(static_cast<std::size_t>(choices));
  const auto model = api_.services().catalogue.Find(requests.front().model);
  const std::string name = model ? (*model)->spec.name : std::string();
  const auto wall = api_.services().context.clock.Wall().time_since_epoch();
  style_->SetHead({.id = std::move(id),
                   .created = std::chrono::duration_cast<std::chrono::seconds>(wall).count(),
                   .model = name,
                   .fingerprint = api_.FingerprintOf(name)});
  if (!StartAll(operation, std::move(requests))) return;
  exchange_->OnGone([self = shared_from_this()] {
    self->over_ = true;
    self->CancelAll();
  });
}

bool GenerateJob::StartAll(const service::Operation& operation, std::vector<core::GenerateRequest> requests) {
  for (core::GenerateRequest& request : requests) {
    const std::string id = request.id;
    if (!over_) {
      // First the ear, then the mouth: events may come before Start returns.
      lane_.hub->Listen(id, shared_from_this());
      const auto started = lane_.channel->Start(operation, std::move(request), exchange_->call());
      if (started) continue;
      lane_.hub->Forget(id);
      Fail(started.error());
    }
    first_choice_.erase(id);  // never started: no event will come
  }
  return !over_;
}

// A comment (HTML standard, server-sent events): clients pass over it, people at a terminal read it.
void GenerateJob::OnWaiting(const core::Waiting& event) {
  if (!stream_ || over_) return;
  BeginStream();
  pending_ += ": " + event.why + "\n\n";
}

void GenerateJob::OnAdmitted(const core::Admitted& event) {
  so_far_.prompt_tokens += event.prompt_tokens;
  if (stream_ && !over_) BeginStream();
}

void GenerateJob::BeginStream() {
  if (std::exchange(streaming_, true)) return;
  exchange_->StartStream(StreamHead(), std::string(openai::kHeartbeat));
}

void GenerateJob::OnDelta(core::Delta event) {
  const auto part = first_choice_.find(event.request);
  if (over_ || part == first_choice_.end()) return;
  event.choice += part->second;
  const auto choice = static_cast<std::size_t>(event.choice);
  if (choice >= begun_.size()) return;
  so_far_.completion_tokens += static_cast<std::int32_t>(event.ids.size());
  if (!stream_) {
    held_bytes_ += openai::BytesOf(event);
    if (held_bytes_ > kMaxWholeBytes) return Fail(TooLarge());
    choices_[choice].Add(std::move(event));
    return;
  }
  BeginStream();
  if (!begun_[choice]) style_->AppendBegin(pending_, event.choice);
  begun_[choice] = true;
  style_->AppendDelta(pending_, event, so_far_);
}

void GenerateJob::OnTerminal(const core::Terminal& event) {
  first_choice_.erase(event.request);
  usage_.prompt_tokens += event.usage.prompt_tokens;
  usage_.cached_tokens += event.usage.cached_tokens;
  usage_.completion_tokens += event.usage.completion_tokens;
  if (over_) return;
  if (event.error) return Fail(ForClient(*event.error));
  if (first_choice_.empty()) Complete();
}

void GenerateJob::OnStepEnd(base::Time made) {
  if (std::exchange(finishing_, false)) return exchange_->Finish(std::exchange(pending_, {}), made);
  if (over_ || pending_.empty()) return;
  exchange_->Write(pending_, made);
  pending_.clear();
}

void GenerateJob::Complete() {
  over_ = true;
  if (!stream_) return RespondWhole();
  BeginStream();  // also for an answer without a single token
  style_->AppendUsage(pending_, usage_);
  pending_ += openai::kDoneEvent;
  finishing_ = true;
}

// The streams of this thread would wait for the encoding of a large answer. Nothing touches choices any more.
void GenerateJob::RespondWhole() {
  const auto encode = [self = shared_from_this()]() -> Response {
    try {
      return {.body = self->style_->Whole(self->choices_, self->usage_)};
    } catch (const std::exception&) {
      return ErrorResponse(OutOfMemory());  // what else can be missing
    }
  };
  const bool elsewhere =
      held_bytes_ > kSmallAnswer && api_.services().context.heavy.TryRun([encode, exchange = exchange_] {
        auto response = std::make_shared<Response>(encode());
        exchange->executor().Post([exchange, response] { exchange->Respond(std::move(*response)); });
      });
  if (!elsewhere) exchange_->Respond(encode());
}

// Once headers are out the status cannot say it any more: an error event does, and no [DONE] follows.
void GenerateJob::Fail(base::Error error) {
  over_ = true;
  // The scheduler knows that a prompt is too long, but not what its client calls it.
  if (error.param().empty() && error.reason() == "context_length_exceeded") {
    error = std::move(error).WithParam(style_->PromptField());
  }
  CancelAll();
  if (!streaming_) {
    exchange_->Respond(error);
    return;
  }
  exchange_->call()->SetError(error);
  pending_ += "data: " + openai::ErrorBody(error) + "\n\n";
  finishing_ = true;
}

void GenerateJob::CancelAll() {
  for (const auto& [id, choice] : first_choice_) lane_.channel->Cancel(id);
}

}  // namespace lares::http::api
