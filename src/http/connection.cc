// SPDX-License-Identifier: Apache-2.0
//
// The first half of a connection's work: from the socket to a request that has been judged; waiting and time
// limits. connection_answer.cc has the other half.
#include "http/connection.h"

#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/status.h"

namespace lares::http {
namespace asio = boost::asio;
namespace {

constexpr std::size_t kMaxDiscarded = 64 * 1024 * 1024;  // of a body nobody wants
constexpr base::Duration kLingerTime = std::chrono::seconds(2);
constexpr double kMinBodyBytesPerSecond = 64.0 * 1024;  // beyond the first body_timeout
constexpr std::size_t kKeptInputBytes = 4 * 1024;       // room an idle connection may keep

RequestParser::Limits ParserLimits(const Limits& limits) {
  return {.header_bytes = limits.header_bytes, .body_bytes = limits.body_bytes};
}

}  // namespace

Connection::Connection(std::shared_ptr<IoLoop> loop, Context context, int fd, SslPtr ssl, std::string peer)
    : loop_(std::move(loop)),
      context_(context),
      peer_(std::move(peer)),
      stream_(fd, std::move(ssl)),
      waiter_(loop_->context(), fd),
      wake_(loop_->context()) {
  loop_->Add(this);
  context_.metrics.ConnectionOpened();
}

Connection::~Connection() {
  EndExchange();
  loop_->Remove(this);
  context_.metrics.ConnectionClosed();
  waiter_.release();
}

void Connection::Spawn(std::shared_ptr<Connection> connection) {
  IoLoop& loop = *connection->loop_;
  // An exception (out of memory) ends this connection and no other.
  asio::co_spawn(loop.context(), Run(std::move(connection)), [](const std::exception_ptr&) {});
}

Connection::Awaitable<void> Connection::Run(std::shared_ptr<Connection> self) {
  bool more = co_await self->Handshake();
  while (more) more = co_await self->ServeOne();
  co_await self->Linger();
  self->waiter_.cancel();  // a read that is still waited for would keep this alive until the client closes
}

// --- one request ---

Connection::Awaitable<bool> Connection::ServeOne() {
  parser_.emplace(ParserLimits(context_.limits));
  problem_.reset();
  verdict_ = {};
  framing_ = {};
  head_only_ = false;
  if (draining_ && input_.empty()) co_return false;

  const Got head = co_await ReadHead();
  if (head == Got::kClosed) co_return false;
  if (head == Got::kProblem) {
    verdict_.call = context_.front_door.NamelessCall(peer_);
    TakeProblem();
    co_return co_await WriteResponse();
  }
  const Request& request = parser_->request();
  head_only_ = request.method == Method::kHead;
  framing_ = {.keep_alive = request.keep_alive, .version_minor = request.version_minor};
  verdict_ = context_.front_door.Judge(request, peer_);
  if (verdict_.answer) {
    unread_ = request.has_body;
    if (unread_) framing_.keep_alive = false;
    response_ = std::move(*verdict_.answer);
    co_return co_await WriteResponse();
  }
  const Got body = co_await ReadBody();
  if (body == Got::kClosed) co_return false;
  if (body == Got::kProblem) {
    TakeProblem();
    co_return co_await WriteResponse();
  }
  co_return co_await Handle();
}

Connection::Awaitable<bool> Connection::Handshake() {
  Enter(Phase::kHandshake, context_.limits.header_timeout);
  while (!interrupted()) {
    const Stream::Outcome outcome = stream_.Handshake();
    if (outcome.state == Stream::State::kDone) co_return true;
    if (outcome.state == Stream::State::kWantRead) {
      readable_ = false;
      ArmRead();
      while (!readable_ && !interrupted()) co_await WaitWake();
    } else if (outcome.state == Stream::State::kWantWrite) {
      co_await WaitWritable();
    } else {
      break;
    }
  }
  aborted_ = true;
  co_return false;
}

Connection::Awaitable<Connection::Got> Connection::ReadHead() {
  Enter(Phase::kIdle, context_.limits.idle_timeout);
  while (true) {
    if (!input_.empty()) {
      if (phase_ == Phase::kIdle) Enter(Phase::kHead, context_.limits.header_timeout);
      const auto taken = parser_->Feed(input_);
      if (!taken) {
        problem_ = taken.error();
        co_return Got::kProblem;
      }
      input_.erase(0, *taken);
      if (parser_->progress() != RequestParser::Progress::kHead) co_return Got::kIt;
    }
    const bool more = co_await ReadMore();
    if (more) continue;
    if (!expired_) co_return Got::kClosed;
    SetProblem(408, "request_timeout", "the request's headers did not come in time");
    co_return Got::kProblem;
  }
}

Connection::Awaitable<Connection::Got> Connection::ReadBody() {
  Request& request = parser_->request();
  Enter(Phase::kBody, context_.limits.body_timeout);
  const base::Time soonest = deadline_;
  if (request.expects_continue && request.has_body && input_.empty()) {
    output_ = kContinue;
    const bool told = co_await WriteOutput();
    if (!told) co_return Got::kClosed;
  }
  std::size_t received = 0;
  while (parser_->progress() != RequestParser::Progress::kDone) {
    if (!input_.empty()) {
      const auto taken = parser_->Feed(input_);
      if (!taken) {
        problem_ = taken.error();
        co_return Got::kProblem;
      }
      input_.erase(0, *taken);
      received += *taken;
      deadline_ = soonest + base::FromSeconds(static_cast<double>(received) / kMinBodyBytesPerSecond);
      if (parser_->progress() == RequestParser::Progress::kDone) break;
      if (*taken > 0) continue;
    }
    const bool more = co_await ReadMore();
    if (more) continue;
    if (!expired_) co_return Got::kClosed;
    SetProblem(408, "request_timeout", "the request's body did not come in time");
    co_return Got::kProblem;
  }
  request.arrived = context_.clock.Now();
  co_return Got::kIt;
}

Connection::Awaitable<bool> Connection::ReadMore() {
  std::vector<char>& scratch = loop_->scratch();
  while (!aborted_ && !expired_) {
    if (client_ended_) co_return false;
    const Stream::Outcome outcome = stream_.Read(scratch);
    switch (outcome.state) {
      case Stream::State::kDone:
        input_.append(scratch.data(), outcome.bytes);
        co_return true;
      case Stream::State::kWantRead:
        if (input_.empty() && input_.capacity() > kKeptInputBytes) input_.shrink_to_fit();
        readable_ = false;
        ArmRead();
        while (!readable_ && !aborted_ && !expired_) co_await WaitWake();
        break;
      case Stream::State::kWantWrite:
        co_await WaitWritable();
        break;
      case Stream::State::kEnd:
      case Stream::State::kFailed:
        client_ended_ = true;
        co_return false;
    }
  }
  co_return false;
}

// Closing a socket with unread bytes in it makes the system reset the connection, and the client may lose the
// answer it has not read yet. So what it still sends is read and dropped for a moment.
Connection::Awaitable<void> Connection::Linger() {
  if (aborted_) co_return;
  stream_.CloseWrite();
  if (!unread_ || client_ended_) co_return;
  Enter(Phase::kLinger, kLingerTime);
  std::size_t discarded = 0;
  while (discarded < kMaxDiscarded) {
    input_.clear();
    const bool more = co_await ReadMore();
    if (!more) co_return;
    discarded += input_.size();
  }
}

// --- waiting ---

Connection::Awaitable<void> Connection::WaitWake() {
  wake_.expires_at(asio::steady_timer::time_point::max());
  auto [error] = co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
  (void)error;
}

Connection::Awaitable<void> Connection::WaitWritable() {
  auto [error] = co_await waiter_.async_wait(asio::posix::stream_descriptor::wait_write,
                                             asio::as_tuple(asio::use_awaitable));
  (void)error;  // interrupted() tells why
}

void Connection::ArmRead(asio::posix::stream_descriptor::wait_type what) {
  if (read_armed_) return;
  read_armed_ = true;
  waiter_.async_wait(what, [self = shared_from_this()](const boost::system::error_code& error) {
    self->read_armed_ = false;
    if (!error) self->OnReadable();
  });
}

void Connection::OnReadable() {
  readable_ = true;
  if (exchange_) ReadAhead();
  Wake();
}

void Connection::ReadAhead() {
  std::vector<char>& scratch = loop_->scratch();
  while (input_.size() <= context_.limits.pipelined_bytes) {
    const Stream::Outcome outcome = stream_.Read(scratch);
    if (outcome.state == Stream::State::kDone) {
      input_.append(scratch.data(), outcome.bytes);
    } else if (outcome.state == Stream::State::kWantRead) {
      return ArmRead();
    } else if (outcome.state == Stream::State::kWantWrite) {
      return ArmRead(asio::posix::stream_descriptor::wait_write);
    } else {
      client_ended_ = true;
      return Interrupt();
    }
  }
  // Unread bytes would hide that the client hangs up behind them, and its request would run to the end for
  // nobody. Nor may they pile up.
  Abort();
}

bool Connection::interrupted() const {
  if (aborted_ || expired_) return true;
  return exchange_ && (client_ended_ || exchange_->overflowed());
}

void Connection::Interrupt() {
  Wake();
  waiter_.cancel();
}

// --- time limits ---

void Connection::Enter(Phase phase, base::Duration limit) {
  phase_ = phase;
  deadline_ = limit == base::Duration::max() ? base::Time::max() : context_.clock.Now() + limit;
}

void Connection::Sweep(base::Time now) {
  if (now >= deadline_) Expire();
  if (now >= write_deadline_) {
    context_.metrics.slow_readers.Add();
    Abort();
  }
  if (exchange_ && exchange_->state() == Exchange::State::kStreaming && !exchange_->heartbeat().empty() &&
      write_deadline_ == base::Time::max() && now - last_write_ >= context_.limits.stream_heartbeat) {
    exchange_->Write(std::string(exchange_->heartbeat()));
  }
}

void Connection::Expire() {
  deadline_ = base::Time::max();
  if (phase_ != Phase::kHead && phase_ != Phase::kBody) {
    Abort();
    return;
  }
  context_.metrics.timeouts.Add();
  expired_ = true;
  Interrupt();
}

void Connection::Drain() {
  draining_ = true;
  if (phase_ == Phase::kLinger || (phase_ == Phase::kIdle && input_.empty())) Abort();
}

void Connection::Abort() {
  aborted_ = true;
  Interrupt();
}

void Connection::SetProblem(int status, const char* reason, const char* message) {
  problem_ =
      RequestParser::Problem{status, base::Error(base::Code::kInvalidArgument, message).WithReason(reason)};
}

void Connection::TakeProblem() {
  expired_ = false;  // the answer has its own limit
  unread_ = true;
  framing_.keep_alive = false;
  response_ = ErrorResponse(problem_->status, problem_->error);
  if (verdict_.call) {
    verdict_.call->SetError(problem_->error);
    verdict_.call->SetStatus(problem_->status);
    if (verdict_.headers.empty()) verdict_.headers.push_back({"x-request-id", verdict_.call->id()});
  }
}

}  // namespace lares::http
