// SPDX-License-Identifier: Apache-2.0
#include "http/exchange.h"

#include "http/status.h"

namespace lares::http {

void Exchange::MarkParsed(base::Time now) const {
  if (start_.arrival_to_parsed != nullptr) {
    start_.arrival_to_parsed->Observe(base::Seconds(now - start_.request.arrived));
  }
}

void Exchange::Respond(Response response) {
  if (state_ != State::kWaiting || gone_) return;
  state_ = State::kResponded;
  head_ = std::move(response);
  start_.call->SetStatus(head_.status);
  Wake();
}

void Exchange::Respond(const base::Error& error) {
  if (state_ != State::kWaiting || gone_) return;
  start_.call->SetError(error);
  Respond(ErrorResponse(error));
}

void Exchange::StartStream(Response head, std::string heartbeat) {
  if (state_ != State::kWaiting || gone_) return;
  state_ = State::kStreaming;
  head_ = std::move(head);
  heartbeat_ = std::move(heartbeat);
  start_.call->SetStatus(head_.status);
  Wake();
}

void Exchange::Write(std::string_view bytes, base::Time made) {
  if (state_ != State::kStreaming || gone_ || bytes.empty()) return;
  Append(bytes, made);
  Wake();
}

void Exchange::Finish(std::string_view last_bytes, base::Time made) {
  if (state_ != State::kStreaming || gone_) return;
  if (Append(last_bytes, made)) state_ = State::kFinished;
  Wake();
}

bool Exchange::Append(std::string_view bytes, base::Time made) {
  // One large piece is let pass: it is the pile that shows a slow reader.
  const bool piled =
      !output_.bytes.empty() && output_.bytes.size() + bytes.size() > start_.max_buffered_bytes;
  if (overflowed_ || piled) {
    overflowed_ = true;  // the connection ends it; nothing is sent with a hole in it
    return false;
  }
  output_.bytes += bytes;
  if (output_.oldest_made == base::Time{}) output_.oldest_made = made;
  return true;
}

void Exchange::OnGone(std::function<void()> callback) {
  if (gone_) {
    callback();
  } else {
    on_gone_ = std::move(callback);
  }
}

void Exchange::LetGo() {
  wake_ = nullptr;
  const auto on_gone = std::exchange(on_gone_, nullptr);
  if (state_ == State::kResponded || state_ == State::kFinished) return;
  gone_ = true;
  start_.call->SetStatus(kStatusClientGone);
  if (on_gone) on_gone();
}

}  // namespace lares::http
