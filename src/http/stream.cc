// SPDX-License-Identifier: Apache-2.0
#include "http/stream.h"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lares::http {
namespace {

int ToInt(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

bool WouldBlock() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

Stream::~Stream() { close(fd_); }

Stream::Outcome Stream::FromSsl(int result) {
  if (result > 0) return {State::kDone, static_cast<std::size_t>(result)};
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {State::kWantRead, 0};
    case SSL_ERROR_WANT_WRITE:
      return {State::kWantWrite, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {State::kEnd, 0};
    default:
      ERR_clear_error();
      return {State::kFailed, 0};
  }
}

Stream::Outcome Stream::Handshake() {
  if (!ssl_) return {State::kDone, 0};
  ERR_clear_error();
  return FromSsl(SSL_do_handshake(ssl_.get()));
}

Stream::Outcome Stream::Read(std::span<char> into) {
  if (ssl_) {
    ERR_clear_error();  // the queue is the thread's: what another connection left there is not ours
    return FromSsl(SSL_read(ssl_.get(), into.data(), ToInt(into.size())));
  }
  const ssize_t got = recv(fd_, into.data(), into.size(), 0);
  if (got > 0) return {State::kDone, static_cast<std::size_t>(got)};
  if (got == 0) return {State::kEnd, 0};
  return {WouldBlock() ? State::kWantRead : State::kFailed, 0};
}

Stream::Outcome Stream::Write(std::string_view bytes) {
  if (bytes.empty()) return {State::kDone, 0};
  if (ssl_) {
    ERR_clear_error();
    return FromSsl(SSL_write(ssl_.get(), bytes.data(), ToInt(bytes.size())));
  }
  const ssize_t put = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (put >= 0) return {State::kDone, static_cast<std::size_t>(put)};
  return {WouldBlock() ? State::kWantWrite : State::kFailed, 0};
}

void Stream::CloseWrite() {
  if (ssl_ && SSL_is_init_finished(ssl_.get()) == 1) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  shutdown(fd_, SHUT_WR);
}

}  // namespace lares::http
