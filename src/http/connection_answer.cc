// SPDX-License-Identifier: Apache-2.0
//
// The second half of a connection's work: from the handler's answer to the bytes on the wire.
#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/connection.h"
#include "http/status.h"

namespace lares::http {
namespace {

constexpr std::size_t kKeptOutputBytes = 64 * 1024;  // room a connection may keep between two answers
constexpr std::size_t kOnePieceBytes =
    64 * 1024;  // bodies up to this size go out in one piece with their head

}  // namespace

Connection::Awaitable<bool> Connection::Handle() {
  StartExchange();
  if (exchange_->state() == Exchange::State::kWaiting) ArmRead();
  while (exchange_->state() == Exchange::State::kWaiting && !interrupted()) co_await WaitWake();
  if (draining_) framing_.keep_alive = false;
  bool told = false;
  if (exchange_->state() == Exchange::State::kResponded) {
    response_ = std::move(exchange_->head());
    EndExchange();
    told = co_await WriteResponse();
    co_return told;
  }
  if (exchange_->state() != Exchange::State::kWaiting) told = co_await WriteStream();
  const int status = told ? exchange_->head().status : kStatusClientGone;
  context_.metrics.Answered(verdict_.route->label(), status);
  if (!told) context_.metrics.disconnects.Add();
  EndExchange();
  co_return told&& framing_.keep_alive;
}

Connection::Awaitable<bool> Connection::WriteResponse() {
  framing_.body = Framing::Body::kLength;
  output_ = EncodeHead(response_, framing_, verdict_.headers);
  const std::string route = verdict_.route == nullptr ? "-" : verdict_.route->label();
  context_.metrics.Answered(route, response_.status);
  std::string body = head_only_ ? std::string() : std::move(response_.body);
  response_ = {};
  bool written = true;
  if (body.size() > kOnePieceBytes) {
    written = co_await WriteOutput();
    output_ = std::move(body);
  } else {
    output_ += body;
  }
  if (written) written = co_await WriteOutput();
  verdict_.call.reset();
  co_return written&& framing_.keep_alive;
}

Connection::Awaitable<bool> Connection::WriteStream() {
  framing_.body = framing_.version_minor == 1 ? Framing::Body::kChunked : Framing::Body::kToEnd;
  if (framing_.body == Framing::Body::kToEnd) framing_.keep_alive = false;
  output_ = EncodeHead(exchange_->head(), framing_, verdict_.headers);
  stream_ended_ = false;
  while (!interrupted()) {
    if (!stream_ended_) stream_ended_ = CollectOutput();
    if (!output_.empty()) {
      const bool written = co_await WriteOutput();
      if (!written) break;
      ObserveWritten();
    }
    if (stream_ended_) co_return true;
    if (exchange_->has_output() || exchange_->state() == Exchange::State::kFinished) continue;
    // From here on FlushNow writes; it wakes this when it cannot, and at the end.
    stream_idle_ = true;
    while (output_.empty() && !stream_ended_ && !interrupted()) co_await WaitWake();
    stream_idle_ = false;
    if (stream_ended_ && output_.empty()) co_return !interrupted();
  }
  if (exchange_->overflowed()) context_.metrics.slow_readers.Add();
  co_return false;
}

void Connection::FlushNow() {
  stream_ended_ = CollectOutput();
  std::size_t written = 0;
  Stream::Outcome outcome{Stream::State::kDone, 0};
  while (written < output_.size() && outcome.state == Stream::State::kDone) {
    outcome = stream_.Write(std::string_view(output_).substr(written));
    if (outcome.state == Stream::State::kDone) written += outcome.bytes;
  }
  last_write_ = context_.clock.Now();
  if (written == output_.size()) {
    GiveBackOutput();
  } else {
    output_.erase(0, written);  // the rest is the coroutine's to write
  }
  if (outcome.state == Stream::State::kFailed || outcome.state == Stream::State::kEnd) aborted_ = true;
  if (output_.empty()) ObserveWritten();
  if (!output_.empty() || stream_ended_ || aborted_) Wake();
}

void Connection::ObserveWritten() {
  const base::Time made = std::exchange(oldest_made_, {});
  if (made == base::Time{}) return;
  context_.metrics.event_to_written.Observe(base::Seconds(context_.clock.Now() - made));
}

bool Connection::CollectOutput() {
  if (head_only_) return true;
  const bool chunked = framing_.body == Framing::Body::kChunked;
  if (exchange_->has_output()) {
    const Exchange::Output part = exchange_->TakeOutput();
    if (oldest_made_ == base::Time{}) oldest_made_ = part.oldest_made;
    if (chunked) {
      AppendChunk(output_, part.bytes);
    } else {
      output_ += part.bytes;
    }
  }
  const bool last = exchange_->state() == Exchange::State::kFinished;
  if (last && chunked) output_ += kLastChunk;
  return last;
}

Connection::Awaitable<bool> Connection::WriteOutput() {
  std::size_t written = 0;
  write_deadline_ = context_.clock.Now() + context_.limits.write_timeout;
  bool ok = true;
  while (ok && written < output_.size()) {
    // First of all: an interrupt that came before the first wait has nobody left to end that wait.
    if (interrupted()) {
      ok = false;
      break;
    }
    const Stream::Outcome outcome = stream_.Write(std::string_view(output_).substr(written));
    switch (outcome.state) {
      case Stream::State::kDone:
        written += outcome.bytes;
        last_write_ = context_.clock.Now();
        write_deadline_ = last_write_ + context_.limits.write_timeout;
        break;
      case Stream::State::kWantWrite:
        co_await WaitWritable();
        break;
      case Stream::State::kWantRead:
        readable_ = false;
        ArmRead();
        while (!readable_ && !interrupted()) co_await WaitWake();
        break;
      case Stream::State::kEnd:
      case Stream::State::kFailed:
        ok = false;
        break;
    }
  }
  write_deadline_ = base::Time::max();
  GiveBackOutput();
  if (!ok) aborted_ = true;
  co_return ok;
}

// An idle connection must not keep the room of its largest answer.
void Connection::GiveBackOutput() {
  output_.clear();
  if (output_.capacity() > kKeptOutputBytes) output_.shrink_to_fit();
}

void Connection::StartExchange() {
  Exchange::Start start{.request = std::move(parser_->request()),
                        .parameter = std::move(verdict_.parameter),
                        .principal = std::move(verdict_.principal),
                        .call = std::move(verdict_.call),
                        .executor = loop_,
                        .max_buffered_bytes = context_.limits.buffered_bytes,
                        .arrival_to_parsed = &context_.metrics.arrival_to_parsed};
  exchange_ = std::make_shared<Exchange>(std::move(start));
  exchange_->SetWake([this] { OnExchangeChanged(); });
  Enter(Phase::kServing, base::Duration::max());
  try {
    verdict_.route->handler()(exchange_);
  } catch (const std::exception&) {
    exchange_->Respond(base::Error(base::Code::kInternal, "out of memory"));
  }
}

void Connection::EndExchange() {
  if (const auto exchange = std::exchange(exchange_, nullptr)) exchange->LetGo();
}

void Connection::OnExchangeChanged() {
  if (exchange_ && exchange_->overflowed()) {
    Interrupt();
  } else if (stream_idle_ && output_.empty() && !interrupted()) {
    FlushNow();
  } else {
    Wake();
  }
}

}  // namespace lares::http
