// SPDX-License-Identifier: Apache-2.0
#include "app/main/serve.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <signal.h>
#include <unistd.h>

#include "app/command_line.h"
#include "app/data_directory.h"
#include "app/descriptor_limit.h"
#include "app/hosted_models.h"
#include "app/load_progress.h"
#include "app/main/http_options.h"
#include "app/main/model_fleet.h"
#include "app/published_url.h"
#include "app/version.h"
#include "base/clock.h"
#include "base/exception_report.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/terminal_text.h"
#include "base/thread_pool.h"
#include "http/api/route_table.h"
#include "http/server.h"
#include "service/services.h"

namespace lares::app {
namespace {

constexpr std::chrono::milliseconds kLoadPoll{20};

// Threads for what would hold up others. Each kind of long work has its own, so that a chat, which needs
// `heavy` for milliseconds, never waits for minutes behind it.
// The model's own work is done by its worker; its pools are there. Embeddings wait for it, and are computed
// together when many do.
struct Pools {
  explicit Pools(base::ExceptionReport& exceptions)
      : heavy({.name = "heavy", .threads = 4, .backlog = 4096, .nice = 10, .exceptions = &exceptions}),
        embeddings({.name = "embed", .threads = 16, .backlog = 256, .nice = 10, .exceptions = &exceptions}),
        files({.name = "files", .threads = 1, .backlog = 64, .nice = 19, .exceptions = &exceptions}) {}
  void Stop() {
    for (base::ThreadPool* pool : {&embeddings, &files, &heavy}) pool->Stop();
  }

  base::ThreadPool heavy;
  base::ThreadPool embeddings;
  base::ThreadPool files;  // reading models to hash them
};

int Complain(const base::Error& error) {
  std::fprintf(stderr, "lares: %s\n", base::ForTerminal(error.message()).c_str());
  return kExitFailure;
}

// Blocks the signals this thread will wait for. Before any other thread starts, so that all inherit it.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int s : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&signals, s);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);  // a client that went away is an error of write, no end of the process
  return signals;
}

base::Result<std::unique_ptr<service::Authenticator>> OpenKeys(const SecuritySettings& security) {
  if (security.api_key_file.empty()) return std::make_unique<service::Authenticator>();
  return service::Authenticator::FromFile(security.api_key_file);
}

// Waits for SIGTERM or SIGINT; SIGHUP reads keys and certificates again, SIGUSR2 replaces the worker by one
// of the program that is on the disk now.
void WaitForEnd(const sigset_t& signals, service::Authenticator& keys, http::Server& server,
                worker::Fleet& fleet, base::Logger& log) {
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && (signal == SIGHUP || signal == SIGUSR2)) {
    if (signal == SIGUSR2) {
      fleet.Replace();
      continue;
    }
    const auto reloaded = keys.Reload();
    const auto tls = server.ReloadTls();
    if (!reloaded)
      log.Error("the key file was not reloaded; the old keys stay in force",
                {{"cause", reloaded.error().message()}});
    if (!tls) log.Error("the certificate was not reloaded", {{"cause", tls.error().message()}});
    if (reloaded && tls) log.Info("keys and certificates reloaded");
  }
}

// A second signal while draining ends the process at once.
std::jthread ExitOnSecondSignal(const sigset_t& signals, base::Logger& log) {
  return std::jthread([signals, &log](const std::stop_token& stop) {
    const timespec tick{.tv_sec = 0, .tv_nsec = 100'000'000};
    while (!stop.stop_requested()) {
      const int signal = sigtimedwait(&signals, nullptr, &tick);
      if (signal != SIGTERM && signal != SIGINT) continue;
      log.Flush();
      _exit(kExitFailure);
    }
  });
}

// Ready for readiness probes to say no, then for new requests to be refused, then for what runs to end and
// for its readers to have it.
void Drain(const ServerSettings& settings, service::Services& services, http::Server& server,
           base::Logger& log) {
  log.Info("draining", {{"in_flight", services.lifecycle.in_flight()}});
  services.lifecycle.AnnounceDrain();
  std::this_thread::sleep_for(settings.drain_delay);
  server.StopAccepting();
  services.lifecycle.RefuseNew();
  server.Drain();
  const base::SystemClock clock;
  const base::Time end = clock.Now() + settings.drain_timeout;
  const auto left = [&] { return std::max(end - clock.Now(), base::Duration{}); };
  if (!services.lifecycle.WaitIdle(left())) {
    log.Warning("requests were still running at the end of the drain",
                {{"in_flight", services.lifecycle.in_flight()}});
  } else if (!server.WaitClosed(left())) {
    log.Warning("answers were still being read at the end of the drain",
                {{"connections", static_cast<std::int64_t>(server.connections())}});
  }
}

// What runs is ended and told so, what is queued is dropped; afterwards nothing is left that uses the parts.
void StopAll(worker::Fleet& fleet, service::Services& services, Pools& pools, http::Server& server) {
  fleet.Stop();
  services.catalogue.StopDigests();
  pools.Stop();
  server.Stop();
}

void TellProgress(const engine::Engine& engine, base::Logger& log) {
  const base::SystemClock clock;
  LoadProgress progress(clock.Now());
  for (core::EngineStatus status = engine.Status(); status.state == core::EngineState::kLoading;
       status = engine.Status()) {
    if (progress.Due(status.load_percent, clock.Now())) {
      log.Info("loading", {{"model", status.model}, {"percent", std::int64_t{status.load_percent}}});
    }
    std::this_thread::sleep_for(kLoadPoll);
  }
}

// Says how far a model is and when it is there. `alone`: without it there is nothing to serve, and the server
// ends as if a signal had come.
void AnnounceReady(const engine::Engine& engine, bool alone, base::Logger& log, const std::string& url) {
  const base::Time start = base::SystemClock().Now();
  TellProgress(engine, log);
  const core::EngineStatus status = engine.Status();
  if (status.state == core::EngineState::kFailed && alone) kill(getpid(), SIGTERM);
  if (status.state != core::EngineState::kReady) return;
  log.Info("ready", {{"model", status.model},
                     {"url", url},
                     {"context", static_cast<std::int64_t>(status.context_tokens)},
                     {"parallel", static_cast<std::int64_t>(status.slots)},
                     {"seconds", base::Seconds(base::SystemClock().Now() - start)}});
}

// A thread for the models that are loaded at the start; it also begins what should not slow their loading.
std::jthread AnnounceAll(std::vector<service::Model> models, bool alone, service::Services& services,
                         base::ThreadPool& files, base::Logger& log, const std::string& url) {
  return std::jthread([models = std::move(models), alone, &services, &files, &log, url] {
    for (const service::Model& model : models) {
      if (model.pinned) AnnounceReady(*model.engine, alone, log, url);
    }
    if (alone && models.front().engine->Status().state == core::EngineState::kFailed) return;
    services.catalogue.ComputeDigests(files, log, services.options.data_directory + "/digests");
  });
}

}  // namespace

int Serve(LoadedConfig loaded) {
  const Config& config = loaded.config;
  const sigset_t signals = BlockSignals();

  const auto level = base::ParseLogLevel(config.log.level);
  const auto format = base::ParseLogFormat(config.log.format);
  if (!level) return Complain(level.error());
  if (!format) return Complain(format.error());
  base::Metrics metrics;
  auto log = base::Logger::Open({.level = *level,
                                 .format = *format,
                                 .file = config.log.file,
                                 .dropped = &metrics.AddCounter(
                                     "lares_log_lines_dropped_total",
                                     "Lines of the log that were dropped because its reader was too slow.")});
  if (!log) return Complain(log.error());
  (*log)->FlushOnAbort();
  auto hosted = HostedModels(config);
  if (!hosted) return Complain(hosted.error());
  const std::string first = hosted->front().spec.name;
  const bool alone = hosted->size() == 1;
  auto data = DataDirectory::Open(config.data_directory);
  if (!data) return Complain(data.error());
  auto keys = OpenKeys(config.security);
  if (!keys) return Complain(keys.error());

  const std::string version = BuiltFrom().version;
  base::SystemClock clock;
  base::ExceptionReport exceptions(**log);
  Pools pools(exceptions);
  ModelFleet models(config, *hosted, clock, metrics, **log);
  service::Services services({.version = version,
                              .data_directory = config.data_directory,
                              .log_content = config.log.content,
                              .limits = {.max_answer_tokens = config.scheduling.max_tokens,
                                         .request_timeout = config.limits.request_timeout}},
                             {clock, **log, metrics, pools.heavy, pools.embeddings, **keys}, models.models());
  const std::size_t connections =
      MakeRoomForConnections(static_cast<std::size_t>(config.limits.connections), **log);
  http::Server server(HttpOptionsOf(config, connections), services, http::api::RouteTable(services));

  if (auto started = server.Start(); !started) return Complain(started.error());
  if (auto told = data->Publish(PublishedUrl(server.url()), first); !told) {
    StopAll(models.fleet(), services, pools, server);
    return Complain(told.error());
  }
  (*log)->Info("listening", {{"url", server.url()}, {"model", first}, {"version", version}});
  models.fleet().Start();
  const std::jthread announcement =
      AnnounceAll(models.models(), alone, services, pools.files, **log, server.url());

  WaitForEnd(signals, **keys, server, models.fleet(), **log);
  const core::EngineStatus end = models.models().front().engine->Status();
  const bool failed = alone && end.state == core::EngineState::kFailed;
  {
    const std::jthread impatience = ExitOnSecondSignal(signals, **log);
    if (!failed) Drain(config.server, services, server, **log);
    StopAll(models.fleet(), services, pools, server);
  }
  (*log)->Info("stopped");
  (*log)->Flush();
  return failed ? Complain(base::Error(base::Code::kUnavailable, end.failure)) : kExitSuccess;
}

}  // namespace lares::app
