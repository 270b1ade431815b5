// SPDX-License-Identifier: Apache-2.0
#include "http/acceptor.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "http/response_head.h"
#include "http/status.h"

namespace lares::http {
namespace {

constexpr int kAcceptsPerTurn = 64;  // then others on this thread get their turn
constexpr std::chrono::milliseconds kPause{100};

std::string TooManyConnections() {
  const Response response =
      ErrorResponse(base::Error(base::Code::kUnavailable,
                                "this server has as many connections as it takes; come again shortly")
                        .WithReason("too_many_connections"));
  return EncodeHead(response, {.keep_alive = false}, {}) + response.body;
}

}  // namespace

Acceptor::Acceptor(ListeningSocket socket, std::vector<std::shared_ptr<IoLoop>> loops,
                   Connection::Context context, const TlsContext* tls, base::Logger& logger)
    : socket_(std::move(socket)),
      loops_(std::move(loops)),
      context_(context),
      tls_(tls),
      logger_(logger),
      waiter_(loops_.front()->context(), socket_->fd()),
      pause_(loops_.front()->context()),
      refusal_(TooManyConnections()) {}

Acceptor::~Acceptor() {
  if (waiter_.is_open()) waiter_.release();
}

void Acceptor::Start() { Wait(); }

void Acceptor::Stop() {
  if (!socket_) return;
  pause_.cancel();
  waiter_.release();  // cancels the wait; the descriptor is the socket's
  socket_.reset();
}

void Acceptor::Wait() {
  waiter_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error && self->socket_) self->AcceptAll();
                     });
}

void Acceptor::AcceptAll() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    auto accepted = socket_->Accept();
    if (accepted.fd >= 0) {
      Give(std::move(accepted));
      continue;
    }
    // Out of descriptors or memory: the waiting client stays in the queue; asking again at once would spin.
    const int error = accepted.error;
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
      logger_.Warning("accept", {{"error", std::string_view(std::strerror(error))}});
      Pause();
      return;
    }
    if (error == EAGAIN) break;
    // Anything else is this one client's trouble (it went, its network is gone): the next may be fine.
  }
  Wait();
}

void Acceptor::Pause() {
  pause_.expires_after(kPause);
  pause_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && self->socket_) self->AcceptAll();
  });
}

void Acceptor::Give(ListeningSocket::Accepted accepted) {
  context_.metrics.accepted.Add();
  SslPtr ssl = tls_ == nullptr ? nullptr : tls_->NewConnection(accepted.fd);
  const bool full =
      context_.metrics.open_connections() >= static_cast<std::int64_t>(context_.limits.connections);
  if (full || (tls_ != nullptr && !ssl)) {
    context_.metrics.refused_connections.Add();
    // Said if it can be said at once; over TLS there is no session yet to say it in.
    if (tls_ == nullptr) {
      [[maybe_unused]] const ssize_t sent =
          send(accepted.fd, refusal_.data(), refusal_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    close(accepted.fd);
    return;
  }
  const std::shared_ptr<IoLoop>& loop = loops_[next_++ % loops_.size()];
  // std::function copies: the session is handed over by its bare pointer, and the descriptor by number. Only
  // a stopped loop drops the work, and then the process ends.
  loop->Post(
      [loop, context = context_, fd = accepted.fd, raw = ssl.release(), peer = std::move(accepted.peer)] {
        Connection::Spawn(std::make_shared<Connection>(loop, context, fd, SslPtr(raw), peer));
      });
}

}  // namespace lares::http
