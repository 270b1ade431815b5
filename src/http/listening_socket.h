// SPDX-License-Identifier: Apache-2.0
//
// The socket a server listens on. It is bound exclusively: another server on the same port is an error that
// names it, never a silent sharing of the connections. Used by one thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "http/options.h"

namespace lares::http {

class ListeningSocket {
 public:
  // kAlreadyExists when somebody else listens there, with who it is and what to do.
  static base::Result<ListeningSocket> Open(const Options& options);

  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket();  // removes a Unix socket's file

  struct Accepted {
    int fd = -1;       // -1: nobody waits, see error
    int error = 0;     // errno
    std::string peer;  // "127.0.0.1", "unix"
  };
  // Does not wait. The new socket is non-blocking.
  Accepted Accept();

  int fd() const { return fd_; }
  std::uint16_t port() const { return port_; }
  bool loopback() const { return loopback_; }
  bool is_unix() const { return !unix_path_.empty(); }
  // "http://127.0.0.1:8080" without the scheme: "127.0.0.1:8080" or "unix:/path".
  std::string Name() const;

 private:
  ListeningSocket() = default;
  static base::Result<ListeningSocket> OpenTcp(const Options& options);
  static base::Result<ListeningSocket> OpenUnix(const std::string& path);

  int fd_ = -1;
  std::uint16_t port_ = 0;
  bool loopback_ = true;
  std::string host_;
  std::string unix_path_;
};

}  // namespace lares::http
