// SPDX-License-Identifier: Apache-2.0
//
// A connected socket, plain or TLS, that never waits: each operation does what it can now and says what it
// waits for. Waiting is the connection's (asio's) business, so that plain, TLS and Unix sockets are one type.
// Owns the descriptor. Used by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "http/tls_context.h"

namespace lares::http {

class Stream {
 public:
  enum class State : std::uint8_t {
    kDone,       // `bytes` were moved (for a handshake: it is finished)
    kWantRead,   // nothing now: wait until the socket is readable
    kWantWrite,  // nothing now: wait until it is writable
    kEnd,        // the peer has sent all it will
    kFailed,     // broken
  };
  struct Outcome {
    State state = State::kFailed;
    std::size_t bytes = 0;
  };

  // `fd` is non-blocking; `ssl` (over the same fd) is null for plain.
  Stream(int fd, SslPtr ssl) : fd_(fd), ssl_(std::move(ssl)) {}
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  int fd() const { return fd_; }
  bool is_tls() const { return ssl_ != nullptr; }

  Outcome Handshake();
  Outcome Read(std::span<char> into);
  Outcome Write(std::string_view bytes);
  // Tells the peer that no more will come. Best effort.
  void CloseWrite();

 private:
  Outcome FromSsl(int result);

  const int fd_;
  const SslPtr ssl_;
};

}  // namespace lares::http
