// SPDX-License-Identifier: Apache-2.0
//
// How the HTTP server listens and what it puts up with. Every bound has a value; none can be switched off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace lares::http {

struct Limits {
  std::size_t header_bytes = 16 * 1024;  // request line and headers together
  std::size_t body_bytes = 16 * 1024 * 1024;
  std::size_t connections = 4096;
  std::size_t buffered_bytes = 1024 * 1024;                    // of an answer that its reader does not take
  std::size_t pipelined_bytes = 64 * 1024;                     // sent before the answer to the request before
  base::Duration header_timeout = std::chrono::seconds(10);    // first to last byte of a head; TLS handshake
  base::Duration body_timeout = std::chrono::seconds(60);      // a whole body, and 1 s more per 64 KiB of it
  base::Duration idle_timeout = std::chrono::seconds(75);      // keep-alive without a request
  base::Duration write_timeout = std::chrono::seconds(30);     // no byte taken by the reader
  base::Duration stream_heartbeat = std::chrono::seconds(10);  // silence in a stream until a comment is sent
};

struct TlsFiles {
  std::string certificate;  // PEM, the chain
  std::string key;          // PEM
  bool enabled() const { return !certificate.empty(); }
};

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: any free one; Server::port() tells which
  std::string unix_path;      // when set, instead of host and port
  TlsFiles tls;
  std::size_t io_threads = 0;  // 0: 1 on up to 2 cores, else 2
  Limits limits;

  // Names that may stand in Host besides those of this machine's loopback. With none, and beyond loopback,
  // Host is not checked.
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> cors_origins;  // exact origins, or "*"; none: CORS is off
  std::vector<std::string>
      trusted_proxies;  // addresses or networks ("10.0.0.0/8", "unix") whose X-Forwarded-For counts

  // What Stop gives answers that are complete, but not yet written.
  base::Duration stop_grace = std::chrono::seconds(1);

  // How often time limits are looked at. A limit is kept to within this.
  base::Duration sweep_interval = std::chrono::milliseconds(500);
};

}  // namespace lares::http
