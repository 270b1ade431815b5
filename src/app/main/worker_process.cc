// SPDX-License-Identifier: Apache-2.0
#include "app/main/worker_process.h"

#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "app/command_line.h"
#include "app/hosted_models.h"
#include "app/main/model_engine.h"
#include "base/clock.h"
#include "base/exception_report.h"
#include "base/log.h"
#include "base/terminal_text.h"
#include "base/thread_pool.h"
#include "worker/channel.h"
#include "worker/confinement.h"
#include "worker/host.h"
#include "worker/instance.h"
#include "worker/progress.h"
#include "worker/progress_page.h"

namespace lares::app {
namespace {

int Complain(const base::Error& error) {
  std::fprintf(stderr, "lares worker: %s\n", base::ForTerminal(error.message()).c_str());
  return kExitFailure;
}

// A service manager sends its signals to all processes of a service, a terminal to all of a job. When to end
// is the gateway's decision, which says so by hanging up, also by dying.
void IgnoreSignals() {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE}) ::signal(number, SIG_IGN);
}

// Somebody who types `lares worker` has no socket to give.
bool HasGateway() {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(worker::kChannelDescriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
         type == SOCK_STREAM;
}

// What it was given beside the socket and the page: its model's files.
std::vector<int> GivenFiles() {
  std::vector<int> files;
  for (int descriptor = worker::kFirstFileDescriptor; ::fcntl(descriptor, F_GETFD) >= 0; ++descriptor) {
    files.push_back(descriptor);
  }
  return files;
}

std::vector<std::string> ConfineTo(const std::string& profile) {
  if (profile == "unconfined") return {"everything: --worker-profile unconfined"};
  return worker::Confine({.files = GivenFiles(), .gpu = profile == "gpu"});
}

// When the model is there nothing else is read.
std::jthread CloseFilesWhenLoaded(engine::LocalEngine& engine, worker::Host& host,
                                  const std::string& profile) {
  return std::jthread([&engine, &host, profile] {
    if (engine.WaitUntilReady() && profile == "cpu") host.AddUnconfined(worker::CloseFiles());
  });
}

int ServeModel(const Config& config, base::Logger& log, const std::vector<std::string>& unconfined) {
  auto page = worker::ProgressPage::Open(worker::kProgressDescriptor);
  if (!page) return Complain(page.error());
  const core::ModelSpec spec = DescribeModel(config.model);
  base::SystemClock clock;
  base::ExceptionReport exceptions(log);
  base::ThreadPool heavy(
      {.name = "heavy", .threads = 2, .backlog = 4096, .nice = 10, .exceptions = &exceptions});
  base::ThreadPool embeddings(
      {.name = "embed", .threads = 16, .backlog = 256, .nice = 10, .exceptions = &exceptions});
  worker::Progress progress(page->get(), clock);
  auto engine = MakeEngine(config, spec, {clock, log, heavy, progress});
  if (!engine) return Complain(engine.error());
  auto channel = std::make_shared<worker::Channel>(worker::kChannelDescriptor);
  worker::Host host(**engine, progress, channel, {heavy, embeddings}, clock);
  host.AddUnconfined(unconfined);
  (*engine)->Start();
  auto closing = CloseFilesWhenLoaded(**engine, host, config.worker.profile);
  const base::Error end = host.Serve();
  (*engine)->Stop();
  closing.join();
  embeddings.Stop();
  heavy.Stop();
  if (end.code() == base::Code::kUnavailable) return kExitSuccess;
  log.Error("the worker ends", {{"cause", end.message()}});
  return kExitFailure;
}

}  // namespace

int WorkerProcess(LoadedConfig loaded) {
  if (!HasGateway()) {
    return Complain({base::Code::kFailedPrecondition, "a worker is started by `lares serve`, not by hand"});
  }
  IgnoreSignals();
  ::prctl(PR_SET_NAME, "lares-worker");
  const Config& config = loaded.config;
  const auto level = base::ParseLogLevel(config.log.level);
  const auto format = base::ParseLogFormat(config.log.format);
  if (!level) return Complain(level.error());
  if (!format) return Complain(format.error());
  // Before there are threads.
  const std::vector<std::string> unconfined = ConfineTo(config.worker.profile);
  auto log = base::Logger::Open({.level = *level, .format = *format, .file = {}, .dropped = nullptr});
  if (!log) return Complain(log.error());
  (*log)->FlushOnAbort();
  return ServeModel(config, **log, unconfined);
}

}  // namespace lares::app
