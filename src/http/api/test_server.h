// SPDX-License-Identifier: Apache-2.0
//
// A whole server over a scripted engine, for tests.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread_pool.h"
#include "http/api/route_table.h"
#include "http/options.h"
#include "http/server.h"
#include "service/scripted_engine.h"
#include "service/services.h"

namespace lares::http::api {

// Keeps every line.
class KeepingLogger final : public base::Logger {
 public:
  bool Enabled(base::LogLevel) const override { return true; }
  void Write(base::LogLevel, std::string_view message,
             std::initializer_list<base::LogField> fields) override {
    std::string line(message);
    for (const base::LogField& field : fields) {
      line += " " + std::string(field.key) + "=";
      if (const auto* text = std::get_if<std::string_view>(&field.value)) line += *text;
      if (const auto* number = std::get_if<std::int64_t>(&field.value)) line += std::to_string(*number);
    }
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }
  std::string All() const {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const std::string& line : lines_) all += line + "\n";
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

struct TestServer {
  explicit TestServer(Options opts = {}, std::vector<service::ApiKey> keys = {},
                      service::ServicesOptions svc = {})
      : authenticator(keys.empty() ? std::make_unique<service::Authenticator>()
                                   : std::make_unique<service::Authenticator>(std::move(keys))),
        engine(std::make_shared<service::ScriptedEngine>(clock)),
        services(std::move(svc), {clock, logger, metrics, pool, embeddings, *authenticator}, Models(engine)),
        server(WithFreePort(std::move(opts)), services, RouteTable(services)) {
    started = server.Start();
  }
  // The engine's events come from the test's own thread; after Stop none is on its way.
  ~TestServer() {
    embeddings.Stop();
    pool.Stop();
    server.Stop();
  }

  static Options WithFreePort(Options options) {
    options.port = 0;
    return options;
  }
  static std::vector<service::Model> Models(std::shared_ptr<engine::Engine> engine) {
    core::ModelSpec spec;
    spec.name = "scripted";
    spec.aliases = {"alias"};
    return {{.spec = std::move(spec), .engine = std::move(engine)}};
  }
  std::uint16_t port() const { return server.port(); }

  base::ManualClock clock{base::Time{std::chrono::hours(1)}};
  KeepingLogger logger;
  base::Metrics metrics;
  base::ThreadPool pool{{.threads = 2}};
  base::ThreadPool embeddings{{.threads = 1, .backlog = 1}};
  std::unique_ptr<service::Authenticator> authenticator;
  std::shared_ptr<service::ScriptedEngine> engine;
  service::Services services;
  Server server;
  base::Status started;
};

}  // namespace lares::http::api
