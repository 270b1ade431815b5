// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <future>
#include <optional>
#include <thread>
#include <utility>

#include "http/acceptor.h"
#include "http/connection.h"
#include "http/front_door.h"
#include "http/http_metrics.h"
#include "http/io_loop.h"
#include "http/listening_socket.h"
#include "http/tls_context.h"

namespace lares::http {
namespace {

constexpr std::chrono::milliseconds kClosedPoll{2};

std::size_t ThreadsFor(const Options& options) {
  if (options.io_threads > 0) return options.io_threads;
  return std::thread::hardware_concurrency() <= 2 ? 1 : 2;
}

}  // namespace

struct Server::Impl {
  Impl(Options opts, service::Services& svc, std::vector<Route> list)
      : options(std::move(opts)),
        services(svc),
        routes(std::move(list)),
        exceptions(svc.context.logger),
        metrics(svc.context.metrics) {}

  const Options options;
  service::Services& services;
  std::vector<Route> routes;
  base::ExceptionReport exceptions;  // outlives the loops
  HttpMetrics metrics;
  std::unique_ptr<TlsContext> tls;
  std::unique_ptr<FrontDoor> front_door;
  std::vector<std::shared_ptr<IoLoop>> loops;
  std::shared_ptr<Acceptor> acceptor;
  std::uint16_t port = 0;
  std::string name;
  bool loopback = true;

  base::Status Prepare(const ListeningSocket& socket);
  void OnEveryLoop(void (IoLoop::*action)());
};

base::Status Server::Impl::Prepare(const ListeningSocket& socket) {
  if (options.tls.enabled()) {
    auto loaded = TlsContext::Load(options.tls);
    if (!loaded) return base::Fail(std::move(loaded.error()));
    tls = std::move(*loaded);
  }
  auto proxies = TrustedProxies::Parse(options.trusted_proxies);
  if (!proxies) return base::Fail(std::move(proxies.error()));
  FrontDoor::Settings settings{.origin = {.loopback_only = socket.loopback() && !socket.is_unix(),
                                          .unix_socket = socket.is_unix(),
                                          .allowed_hosts = options.allowed_hosts,
                                          .cors_origins = options.cors_origins},
                               .proxies = std::move(*proxies),
                               .max_body_bytes = options.limits.body_bytes};
  front_door = std::make_unique<FrontDoor>(std::move(settings), Router(std::move(routes)),
                                           services.context.authenticator, services.request_log,
                                           services.context.clock);
  port = socket.port();
  loopback = socket.loopback();
  name = socket.is_unix() ? socket.Name() : (tls ? "https://" : "http://") + socket.Name();
  return {};
}

void Server::Impl::OnEveryLoop(void (IoLoop::*action)()) {
  for (const auto& loop : loops) {
    // Waits, so that what follows the call finds it done. The promise lives on when the loop drops the work.
    auto done = std::make_shared<std::promise<void>>();
    auto finished = done->get_future();
    loop->Post([raw = loop.get(), action, done = std::move(done)] {
      (raw->*action)();
      done->set_value();
    });
    finished.wait();
  }
}

Server::Server(Options options, service::Services& services, std::vector<Route> routes)
    : impl_(std::make_unique<Impl>(std::move(options), services, std::move(routes))) {}

Server::~Server() { Stop(); }

base::Status Server::Start() {
  // OpenSSL writes to sockets by write(2): a client that has gone must be an error, not a signal.
  std::signal(SIGPIPE, SIG_IGN);
  Impl& impl = *impl_;
  auto socket = ListeningSocket::Open(impl.options);
  if (!socket) return base::Fail(std::move(socket.error()));
  if (auto prepared = impl.Prepare(*socket); !prepared) return prepared;
  for (std::size_t i = 0; i < ThreadsFor(impl.options); ++i) {
    impl.loops.push_back(std::make_shared<IoLoop>(i, impl.services.context.clock, impl.options.sweep_interval,
                                                  &impl.exceptions));
  }
  const Connection::Context context{.front_door = *impl.front_door,
                                    .limits = impl.options.limits,
                                    .clock = impl.services.context.clock,
                                    .metrics = impl.metrics};
  impl.acceptor = std::make_shared<Acceptor>(std::move(*socket), impl.loops, context, impl.tls.get(),
                                             impl.services.context.logger);
  impl.acceptor->Start();
  for (const auto& loop : impl.loops) loop->Start();
  return {};
}

void Server::StopAccepting() {
  if (!impl_->acceptor) return;
  auto done = std::make_shared<std::promise<void>>();
  auto finished = done->get_future();
  impl_->loops.front()->Post([acceptor = impl_->acceptor, done = std::move(done)] {
    acceptor->Stop();
    done->set_value();
  });
  finished.wait();
  impl_->acceptor.reset();
}

void Server::Drain() { impl_->OnEveryLoop(&IoLoop::DrainAll); }

bool Server::WaitClosed(base::Duration timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (connections() > 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kClosedPoll);
  }
  return connections() == 0;
}

void Server::Stop() {
  if (impl_->loops.empty()) return;
  StopAccepting();
  Drain();
  WaitClosed(impl_->options.stop_grace);
  for (const auto& loop : impl_->loops) loop->Stop();
  impl_->loops.clear();
}

base::Status Server::ReloadTls() { return impl_->tls ? impl_->tls->Reload() : base::Status{}; }

std::uint16_t Server::port() const { return impl_->port; }
std::string Server::url() const { return impl_->name; }
bool Server::loopback_only() const { return impl_->loopback; }
std::size_t Server::connections() const {
  return static_cast<std::size_t>(impl_->metrics.open_connections());
}
void Server::SweepNow() { impl_->OnEveryLoop(&IoLoop::SweepAll); }

}  // namespace lares::http
