// SPDX-License-Identifier: Apache-2.0
//
// The transport over libcurl: HTTP/1.1 with keep-alive over TCP, TLS or a Unix socket, driven by epoll, so
// that a turn costs what the active connections cost and not all of them. Proxies from the environment are
// not used: measuring through one means nothing, and a private server is not asked through one. Not thread
// safe.
#pragma once

#include <memory>

#include "base/clock.h"
#include "cli/transport.h"
#include "cli/url.h"

namespace lares::cli {

class HttpClient final : public Transport {
 public:
  struct Options {
    Url url;
    std::string api_key;  // sent as a bearer token; empty: none
    std::string ca_file;  // PEM; empty: the system's authorities
    base::Duration connect_timeout = std::chrono::seconds(10);
    // A new connection for each exchange, as a crowd of separate clients has.
    bool fresh_connections = false;
  };

  // `clock` must outlive the client.
  HttpClient(Options options, const base::Clock& clock);
  ~HttpClient() override;

  void Start(HttpRequest request, Receiver& receiver) override;
  void Poll(base::Duration longest) override;
  void CancelAll() override;
  std::size_t running() const override;

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace lares::cli
