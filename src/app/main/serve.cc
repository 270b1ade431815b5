// SPDX-License-Identifier: Apache-2.0
#include "app/main/serve.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>

#include <signal.h>
#include <unistd.h>

#include "app/command_line.h"
#include "app/data_directory.h"
#include "app/descriptor_limit.h"
#include "app/load_progress.h"
#include "app/main/http_options.h"
#include "app/main/model_engine.h"
#include "app/published_url.h"
#include "app/version.h"
#include "app/worker_flags.h"
#include "base/clock.h"
#include "base/exception_report.h"
#include "base/id.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/terminal_text.h"
#include "base/thread_pool.h"
#include "engine/engine_metrics.h"
#include "engine/failover/failover_engine.h"
#include "http/api/route_table.h"
#include "http/server.h"
#include "service/services.h"
#include "worker/supervisor.h"

namespace lares::app {
namespace {

constexpr std::chrono::milliseconds kLoadPoll{20};

// Threads for what would hold up others. Each kind of long work has its own, so that a chat, which needs
// `heavy` for milliseconds, never waits for minutes behind it.
// The model's own work is done by its worker; its pools are there.
struct Pools {
  explicit Pools(base::ExceptionReport& exceptions)
      : heavy({.name = "heavy", .threads = 2, .backlog = 4096, .nice = 10, .exceptions = &exceptions}),
        embeddings({.name = "embed", .threads = 1, .backlog = 64, .nice = 10, .exceptions = &exceptions}),
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
                worker::Supervisor& supervisor, base::Logger& log) {
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && (signal == SIGHUP || signal == SIGUSR2)) {
    if (signal == SIGUSR2) {
      supervisor.Replace();
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

worker::SupervisorOptions SupervisorOptionsOf(const Config& config, const core::ModelSpec& spec) {
  return {.model = spec.name,
          .client = {.max_waiting = static_cast<std::size_t>(WorkerQueue(config.scheduling.queue))},
          .lifecycle = {.well_after = config.worker.well_after,
                        .budget = static_cast<std::size_t>(config.worker.crash_budget)},
          .liveness = {},
          .seed = base::RandomSeed()};
}

// This program once more, as a worker, with no setting but those it is given.
worker::Command WorkerCommand(const Config& config, const core::ModelSpec& spec) {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  std::vector<std::string> files = spec.files;
  if (!config.model.chat_template.empty()) files.push_back(config.model.chat_template);
  worker::Command command{
      .program = error || !std::filesystem::exists(program) ? "/proc/self/exe" : program.string(),
      .arguments = {"lares", "worker"},
      .environment = {},
      .files = std::move(files),
      .log_file = config.log.file};
  for (std::string& flag : WorkerFlags(config)) command.arguments.push_back(std::move(flag));
  for (const auto& [name, value] : CurrentEnvironment()) {
    if (!name.starts_with("LARES_")) command.environment.push_back(name + "=" + value);
  }
  return command;
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
void StopAll(worker::Supervisor& supervisor, service::Services& services, Pools& pools,
             http::Server& server) {
  supervisor.Stop();
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

// Says how far the model is and when it is there, and starts what should not slow its loading. Without a
// model there is nothing to serve: the server then ends as if a signal had come.
std::jthread AnnounceReady(const engine::Engine& engine, service::Services& services, base::ThreadPool& files,
                           base::Logger& log, const std::string& url) {
  return std::jthread([&engine, &services, &files, &log, url, start = base::SystemClock().Now()] {
    TellProgress(engine, log);
    const core::EngineStatus status = engine.Status();
    if (status.state == core::EngineState::kFailed) kill(getpid(), SIGTERM);
    if (status.state != core::EngineState::kReady) return;
    log.Info("ready", {{"model", status.model},
                       {"url", url},
                       {"context", static_cast<std::int64_t>(status.context_tokens)},
                       {"parallel", static_cast<std::int64_t>(status.slots)},
                       {"seconds", base::Seconds(base::SystemClock().Now() - start)}});
    services.catalogue.ComputeDigests(files, log);
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
  auto spec = DescribeModel(config);
  if (!spec) return Complain(spec.error());
  auto data = DataDirectory::Open(config.data_directory);
  if (!data) return Complain(data.error());
  auto keys = OpenKeys(config.security);
  if (!keys) return Complain(keys.error());

  const std::string version = BuiltFrom().version;
  base::SystemClock clock;
  base::ExceptionReport exceptions(**log);
  Pools pools(exceptions);
  const auto engine = std::make_shared<engine::FailoverEngine>(
      engine::FailoverOptions{.model = spec->name,
                              .max_waiting = static_cast<std::size_t>(config.scheduling.queue)},
      clock, metrics, **log);
  engine::EngineMetrics engine_metrics(metrics, spec->name);
  worker::Supervisor supervisor(SupervisorOptionsOf(config, *spec), WorkerCommand(config, *spec), *engine,
                                engine_metrics, clock, metrics, **log);
  service::Services services({.version = version,
                              .data_directory = config.data_directory,
                              .log_content = config.log.content,
                              .limits = {.max_answer_tokens = config.scheduling.max_tokens,
                                         .request_timeout = config.limits.request_timeout}},
                             {clock, **log, metrics, pools.heavy, pools.embeddings, **keys},
                             {service::Model{.spec = *spec, .engine = engine}});
  const std::size_t connections =
      MakeRoomForConnections(static_cast<std::size_t>(config.limits.connections), **log);
  http::Server server(HttpOptionsOf(config, connections), services, http::api::RouteTable(services));

  if (auto started = server.Start(); !started) return Complain(started.error());
  if (auto told = data->Publish(PublishedUrl(server.url()), spec->name); !told) {
    StopAll(supervisor, services, pools, server);
    return Complain(told.error());
  }
  (*log)->Info("listening", {{"url", server.url()}, {"model", spec->name}, {"version", version}});
  supervisor.Start();
  auto announce = AnnounceReady(*engine, services, pools.files, **log, server.url());

  WaitForEnd(signals, **keys, server, supervisor, **log);
  const core::EngineStatus end = engine->Status();
  const bool failed = end.state == core::EngineState::kFailed;
  {
    const std::jthread impatience = ExitOnSecondSignal(signals, **log);
    if (!failed) Drain(config.server, services, server, **log);
    StopAll(supervisor, services, pools, server);
  }
  (*log)->Info("stopped");
  (*log)->Flush();
  return failed ? Complain(base::Error(base::Code::kUnavailable, end.failure)) : kExitSuccess;
}

}  // namespace lares::app
