// SPDX-License-Identifier: Apache-2.0
//
// The HTTP server: listens, speaks HTTP/1.1, lets in whom it may, hands requests to their routes. What the
// routes do is not its business (http/api). Includes no network library, so that everybody may include it.
//
// Thread safety: Start, Stop, StopAccepting and Drain from one thread; the rest from any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "http/options.h"
#include "http/route.h"
#include "service/services.h"

namespace lares::http {

class Server {
 public:
  // `services` must outlive it.
  Server(Options options, service::Services& services, std::vector<Route> routes);
  ~Server();  // Stop()
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and serves. An error says who holds the address, or which file is wrong; nothing runs then.
  base::Status Start();

  // The shutdown, in this order; each step may be left out.
  void StopAccepting();  // new connections are refused
  void Drain();          // idle connections are closed, the others after their current answer
  // After Drain: waits until every connection has ended, its answer written. False when `timeout` passed
  // first.
  bool WaitClosed(base::Duration timeout);
  void Stop();  // drains for at most Options::stop_grace, then closes everything; returns when no thread
                // of the server is left

  // Reads certificate and key again; with an error the old ones stay in force.
  base::Status ReloadTls();

  std::uint16_t port() const;  // the bound one, also when 0 was asked for
  std::string url() const;     // "http://127.0.0.1:8080", "unix:/run/lares.sock"
  bool loopback_only() const;
  std::size_t connections() const;  // open ones

  // Looks at all time limits now instead of within sweep_interval, and returns when that is done; for tests
  // with a clock of their own.
  void SweepNow();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lares::http
