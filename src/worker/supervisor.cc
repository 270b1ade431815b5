// SPDX-License-Identifier: Apache-2.0
#include "worker/supervisor.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "base/thread_pool.h"
#include "worker/oom_kills.h"
#include "worker/program_file.h"
#include "worker/wake_up.h"

namespace lares::worker {
namespace {

using supervisor::Action;
using supervisor::Lifecycle;
using supervisor::Phase;

// How often it is looked at: three looks make a hang. What starts is looked at more often, because somebody
// waits for it.
constexpr auto kPoll = std::chrono::milliseconds(100);
constexpr auto kPollOfAStart = std::chrono::milliseconds(5);
// Between the end of a process's connection and its own.
constexpr base::Duration kGoodbye = std::chrono::milliseconds(300);

constexpr std::int64_t Int(std::uint64_t number) { return static_cast<std::int64_t>(number); }

}  // namespace

struct Supervisor::State {
  State(SupervisorOptions o, Command c, engine::FailoverEngine& e, engine::StepListener& s,
        const base::Clock& k, base::Metrics& m, base::Logger& l)
      : options(std::move(o)),
        command(std::move(c)),
        program(command.program),
        engine(e),
        steps(s),
        clock(k),
        log(l),
        lifecycle(options.lifecycle, options.seed) {
    for (const char* cause : {"crashed", "hung", "replaced"}) {
      restarts[cause] = &m.AddCounter("lares_worker_ends_total", "Worker processes that ended, by why.",
                                      {{"model", options.model}, {"cause", cause}});
    }
  }

  const SupervisorOptions options;
  Command command;
  ProgramFile program;  // a worker that comes back is the same, whatever lies on the disk by then
  engine::FailoverEngine& engine;
  engine::StepListener& steps;
  const base::Clock& clock;
  base::Logger& log;
  std::map<std::string, base::Counter*> restarts;

  // The supervising thread's own.
  Lifecycle lifecycle;
  std::unique_ptr<Instance> current;
  std::unique_ptr<Instance> successor;  // starting, to take over
  ProgramFile successor_program;
  std::unique_ptr<Instance> retiring;  // until nothing runs on it any more
  bool was_ready = false;              // since it was asked for
  bool planned = false;                // how much memory it uses is in the command
  std::set<std::string> told_unconfined;
  bool hung = false;    // the current one is ended for that
  std::string failure;  // in its own words, when it could not load its model
  bool failed = false;  // it was not ready since it was asked for, and is not tried again
  bool wants = false;   // as the lifecycle knows it
  base::Time spawned;   // the current one
  std::optional<base::Time> trouble_since;
  std::uint64_t oom_kills = 0;  // when the current one was started

  const WakeUp wake;
  std::atomic<bool> stop{false};
  std::atomic<bool> wanted{false};
  std::atomic<bool> forget{false};
  std::atomic<bool> replace{false};
  mutable std::mutex mutex;
  int pid = 0;
  std::thread thread;

  // ---- the thread

  void Run() {
    base::DescribeThisThread("supervisor", 0);
    for (;;) {
      Want(wanted && !stop);
      if (forget.exchange(false)) failed = false;
      Act();
      Look();
      Tell();
      if (stop && !current) break;
      wake.Wait(Patience(), current ? current->process().descriptor() : -1);
    }
    successor.reset();
    retiring.reset();
  }

  void Want(bool running) {
    if (wants == running) return;
    wants = running;
    lifecycle.Want(running, clock.Now());
    if (!running) return;
    was_ready = failed = false;
    failure.clear();
    trouble_since.reset();
  }

  void Act() {
    switch (lifecycle.Next(clock.Now())) {
      case Action::kSpawn:
        Spawn();
        break;
      case Action::kTerminate:
        if (current) current->HangUp();  // it ends when nobody listens any more
        break;
      case Action::kKill:
        if (current) current->process().Signal(SIGKILL);
        break;
      case Action::kNone:
        break;
    }
    if (replace.exchange(false) && current && !successor) StartSuccessor();
  }

  base::Result<std::unique_ptr<Instance>> Launch(const ProgramFile& what) {
    Command next = command;
    next.program = what.path();
    return Instance::Start(next, options.client, options.liveness, clock, &steps);
  }

  void Spawn() {
    hung = false;
    spawned = clock.Now();
    // One that was on its way to take over comes at the right time.
    if (successor) {
      current = std::move(successor);
      program = std::move(successor_program);
      return;
    }
    auto started = Launch(program);
    if (!started) return Gone(started.error().message());
    current = std::move(*started);
    oom_kills = OomKills();
    log.Info("worker started", {{"model", options.model}, {"pid", Int(current->process().pid())}});
  }

  void StartSuccessor() {
    successor_program = ProgramFile(command.program);
    auto started = Launch(successor_program);
    if (!started) return NotReplaced(started.error().message());
    successor = std::move(*started);
    log.Info("a worker starts to take over",
             {{"model", options.model}, {"pid", Int(successor->process().pid())}});
  }

  void NotReplaced(const std::string& cause) {
    log.Error("the worker was not replaced", {{"model", options.model}, {"cause", cause}});
    successor.reset();
  }

  void Look() {
    if (current) LookAtCurrent();
    if (successor) LookAtSuccessor();
    if (retiring) LookAtRetiring();
    engine.Tick();
  }

  // When it hangs or dies, what still runs on it goes on on its successor.
  void LookAtRetiring() {
    if (retiring->Watch(clock.Now())) retiring->process().Signal(SIGKILL);
    if (!retiring->process().Ended({}) && engine.Uses(*retiring->client())) return;
    restarts["replaced"]->Add();
    retiring.reset();
  }

  void LookAtCurrent() {
    // Its connection may be heard to break before its end is known.
    const auto patience = current->client()->WhyLost() ? kGoodbye : base::Duration{};
    if (const auto ended = current->process().Ended(patience)) return Exited(*ended);
    const base::Time now = clock.Now();
    const core::EngineStatus status = current->client()->Status();
    TellUnconfined(status);
    switch (status.state) {
      case core::EngineState::kLoading:
        lifecycle.OnProgress(status.load_percent);
        if (status.load_percent == 100) lifecycle.OnLoaded(now);
        break;
      case core::EngineState::kReady:
        if (lifecycle.view().phase != Phase::kReady) Ready(now);
        break;
      case core::EngineState::kFailed:
        failure = status.failure;
        current->process().Signal(SIGKILL);
        return;
      default:
        break;  // it leaves, or the connection is broken: the client says so next
    }
    if (const auto why = WhyEnd(now)) {
      if (!std::exchange(hung, true)) {
        log.Error("worker hangs", {{"model", options.model}, {"cause", *why}});
      }
      lifecycle.OnHung(*why);
    }
  }

  std::optional<std::string> WhyEnd(base::Time now) {
    if (lifecycle.view().phase == Phase::kDraining || !failure.empty()) return std::nullopt;
    if (auto hangs = current->Watch(now)) return hangs;
    if (auto broken = current->client()->WhyLost()) return "its connection broke: " + broken->message();
    return std::nullopt;
  }

  void Ready(base::Time now) {
    lifecycle.OnReady(now);
    was_ready = true;
    trouble_since.reset();
    engine.Attach(current->client());
    log.Info("worker ready", {{"model", options.model}, {"pid", Int(current->process().pid())}});
    KeepPlan(current->client()->Status());
    LimitMemory(*current);
  }

  void LimitMemory(Instance& instance) {
    const std::uint64_t planned_bytes = instance.client()->Status().planned_bytes;
    if (options.memory_groups == nullptr || planned_bytes == 0) return;
    if (auto ok = instance.LimitMemory(*options.memory_groups, MemoryLimitOf(planned_bytes)); !ok) {
      log.Warning("the worker's memory is not limited",
                  {{"model", options.model}, {"cause", ok.error().message()}});
    }
  }

  // Answers go on with the room that they had, however much memory there is by then.
  void KeepPlan(const core::EngineStatus& status) {
    if (std::exchange(planned, true)) return;
    command.arguments.push_back("--ctx-size=" + std::to_string(status.context_tokens));
    command.arguments.push_back("--parallel=" + std::to_string(status.slots));
  }

  // Once for each thing that is missing, whichever worker it is missing for.
  void TellUnconfined(const core::EngineStatus& status) {
    for (const std::string& missing : status.unconfined) {
      if (!told_unconfined.insert(missing).second) continue;
      log.Warning("the worker cannot be confined as it should be",
                  {{"model", options.model}, {"missing", missing}});
    }
  }

  // A successor takes over as soon as it is ready.
  void LookAtSuccessor() {
    const core::EngineStatus status = successor->client()->Status();
    const auto ended = successor->process().Ended({});
    auto hangs = ended ? ended : successor->Watch(clock.Now());
    if (!hangs && successor->client()->WhyLost()) hangs = successor->client()->WhyLost()->message();
    if (!hangs && status.state == core::EngineState::kFailed) hangs = status.failure;
    if (hangs) return NotReplaced(*hangs);
    if (status.state != core::EngineState::kReady || retiring || lifecycle.view().phase != Phase::kReady)
      return;
    retiring = std::exchange(current, std::move(successor));
    program = std::move(successor_program);
    engine.Attach(current->client());
    LimitMemory(*current);
    log.Info("worker replaced", {{"model", options.model}, {"pid", Int(current->process().pid())}});
  }

  void Exited(const std::string& how) {
    const std::unique_ptr<Instance> gone = std::move(current);
    gone->HangUp();
    const bool draining = lifecycle.view().phase == Phase::kDraining;
    // Only a kernel short of memory, or we ourselves, kill a process for what it did.
    const bool by_hand =
        gone->process().death() == SIGKILL && !hung && failure.empty() && OomKills() == oom_kills;
    if (!draining) Gone(failure.empty() ? how : failure);
    engine.Lost(*gone->client(),
                [&](const std::string& request) { return !by_hand && gone->WasAtWorkOn(request); });
    if (draining) lifecycle.OnExit(how, clock.Now());
  }

  // The outage is told before the loss, so that nobody is refused in between.
  void Gone(const std::string& cause) {
    const base::Time now = clock.Now();
    restarts[hung ? "hung" : "crashed"]->Add();
    if (!trouble_since) trouble_since = now;
    lifecycle.OnExit(cause, now);
    if (!was_ready) {
      failed = true;
      failure = lifecycle.view().cause;
      wanted = false;
    } else {
      failure.clear();
      log.Error("worker lost", {{"model", options.model},
                                {"cause", lifecycle.view().cause},
                                {"phase", supervisor::PhaseName(lifecycle.view().phase)}});
    }
    Tell();
  }

  void Tell() {
    const Lifecycle::View& view = lifecycle.view();
    engine::FailoverEngine::Outage outage{.state = core::EngineState::kReady,
                                          .load_percent = view.percent,
                                          .failure = failure,
                                          .trouble = {},
                                          .crashes = view.crashes};
    if (failed) {
      outage.state = core::EngineState::kFailed;
    } else if (stop) {
      outage.state = core::EngineState::kDraining;
    } else if (!wanted) {
      outage.state = core::EngineState::kUnloaded;
    } else if (!was_ready) {
      outage.state = core::EngineState::kLoading;
      outage.loading_left = LoadingLeft();
    } else if (view.phase != Phase::kReady) {
      outage.state = core::EngineState::kRestarting;
    }
    if (trouble_since && !stop) {
      outage.trouble = core::Trouble{.cause = view.cause, .since = *trouble_since, .next_try = view.next_try};
    }
    engine.SetOutage(std::move(outage));
    const std::lock_guard lock(mutex);
    pid = current ? current->process().pid() : 0;
  }

  // As far as its percents tell.
  std::optional<base::Duration> LoadingLeft() const {
    const int percent = lifecycle.view().percent;
    if (percent <= 0) return std::nullopt;
    return (clock.Now() - spawned) * (100 - percent) / percent;
  }

  base::Duration Patience() const {
    const Phase phase = lifecycle.view().phase;
    base::Duration patience = kPoll;
    if (phase == Phase::kStarting || phase == Phase::kCalibrating || successor) patience = kPollOfAStart;
    if (const auto next = lifecycle.wake()) {
      patience = std::clamp(*next - clock.Now(), base::Duration{}, patience);
    }
    return patience;
  }
};

Supervisor::Supervisor(SupervisorOptions options, Command command, engine::FailoverEngine& engine,
                       engine::StepListener& steps, const base::Clock& clock, base::Metrics& metrics,
                       base::Logger& log)
    : state_(std::make_unique<State>(std::move(options), std::move(command), engine, steps, clock, metrics,
                                     log)) {}

Supervisor::~Supervisor() { Stop(); }

void Supervisor::Start(bool load) {
  state_->wanted = load;
  state_->thread = std::thread([this] { state_->Run(); });
}

void Supervisor::Load() {
  state_->wanted = true;
  state_->wake.Ring();
}

void Supervisor::Unload() {
  state_->wanted = false;
  state_->wake.Ring();
}

void Supervisor::Forget() {
  state_->forget = true;
  state_->wake.Ring();
}

bool Supervisor::loaded() const { return state_->wanted || pid() != 0; }

void Supervisor::Replace() {
  state_->replace = true;
  state_->wake.Ring();
}

void Supervisor::Stop() {
  state_->stop = true;
  state_->wake.Ring();
  if (state_->thread.joinable()) state_->thread.join();
  state_->engine.Stop();
}

int Supervisor::pid() const {
  const std::lock_guard lock(state_->mutex);
  return state_->pid;
}

}  // namespace lares::worker
