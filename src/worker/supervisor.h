// SPDX-License-Identifier: Apache-2.0
//
// Keeps one worker running: starts it, watches its progress, ends it when it hangs, replaces it when it is
// gone. What to do is decided by supervisor/lifecycle.h; here it is done. The requests are the failover
// engine's (engine/failover): it is told which engine there is and which is lost.
//
// One thread of its own, on which all processes are started. Thread safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "engine/failover/failover_engine.h"
#include "engine/step_report.h"
#include "supervisor/lifecycle.h"
#include "supervisor/liveness.h"
#include "worker/client.h"
#include "worker/instance.h"

namespace lares::worker {

// How much memory a worker may take beyond its plan: what it takes for a moment cannot be planned.
constexpr std::uint64_t MemoryLimitOf(std::uint64_t planned) {
  return planned + planned / 4 + (512ULL << 20U);
}

struct SupervisorOptions {
  std::string model;  // name in metrics and log
  ClientOptions client;
  supervisor::LifecycleOptions lifecycle;
  supervisor::LivenessOptions liveness;
  std::uint64_t seed = 0;  // of the jitter
  // Holds a worker to what it planned; outlives the supervisor. Null: nothing does.
  const MemoryGroups* memory_groups = nullptr;
};

class Supervisor {
 public:
  // Everything handed in outlives it.
  Supervisor(SupervisorOptions options, Command command, engine::FailoverEngine& engine,
             engine::StepListener& steps, const base::Clock& clock, base::Metrics& metrics,
             base::Logger& log);
  ~Supervisor();  // Stop
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Begins to supervise, and to load when `load` says so.
  void Start(bool load = true);
  // The worker shall run, or not. One that was not ready since it was asked for is not started again by
  // itself: the engine's state is kFailed then, until it is asked for anew.
  void Load();
  void Unload();
  void Forget();        // that it could not be loaded
  bool loaded() const;  // it runs, or is about to
  // Another worker, of the program as it is on disk now, takes over; the one that runs goes on until it does.
  // What was asked for before it came is done once.
  void Replace();
  // Ends the worker; what still ran on it has ended when this returns.
  void Stop();

  // Of the worker that does the work; zero: none.
  int pid() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace lares::worker
