// SPDX-License-Identifier: Apache-2.0
//
// The life of one worker process, as decisions: when to start it, when to end it, how long to wait in
// between.
//
//                                Want(true)
//      stopped ────────────────────────────────────────▶ starting ◀──────────────┐
//         ▲                                                  │ OnLoaded          │ the wait is over
//         │ OnExit                                           ▼                   │
//      draining ◀── Want(false), from wherever it runs   calibrating             │
//                                                            │ OnReady           │
//                                                            ▼                   │
//                                                          ready                 │
//                                                            │                   │
//                 OnExit, or OnHung (killed, then OnExit),   ▼                   │
//                 from wherever it runs                   crashed ───────────────┤
//                                                            │ budget spent      │
//                                                            ▼                   │
//                                                       quarantined ─────────────┘  one try
//
// The first crash of a worker that had been well for a while is followed by a start at once: streams wait to
// be continued. Then the waits double, with jitter, so that workers that fell together do not come back
// together. More crashes than the budget within its window, and the worker is left alone for a while that
// doubles, too. So there is never a storm of starts, whatever the worker does. At most one process at a time.
//
// Pure: time comes in, never goes backwards; the same calls and seed give the same decisions. Not thread
// safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>

#include "base/clock.h"

namespace lares::supervisor {

enum class Phase : std::uint8_t {
  kStopped,
  kStarting,
  kCalibrating,
  kReady,
  kDraining,
  kCrashed,
  kQuarantined,
};

const char* PhaseName(Phase phase);

enum class Action : std::uint8_t {
  kNone,
  kSpawn,      // start a process
  kTerminate,  // ask it to end (SIGTERM)
  kKill,       // end it (SIGKILL)
};

struct LifecycleOptions {
  base::Duration first_wait = std::chrono::milliseconds(200);  // before the second start in a row
  base::Duration most_wait = std::chrono::seconds(30);
  double jitter = 0.5;  // a wait is shortened by up to this part of it
  base::Duration well_after =
      std::chrono::seconds(60);  // ready for so long, and earlier crashes are forgiven
  std::size_t budget = 5;        // crashes within `window`
  base::Duration window = std::chrono::minutes(5);
  base::Duration first_quarantine = std::chrono::minutes(1);
  base::Duration most_quarantine = std::chrono::minutes(30);
  base::Duration drain_limit = std::chrono::seconds(30);  // then it is killed
};

class Lifecycle {
 public:
  // For people and for /health.
  struct View {
    Phase phase = Phase::kStopped;
    base::Time since{};
    std::string cause;  // of the last crash, in crashed, quarantined and the start behind them
    std::optional<base::Time> next_try;  // in crashed and quarantined
    int percent = 0;                     // of the model, in starting
    std::uint64_t crashes = 0;           // ever
  };

  Lifecycle(LifecycleOptions options, std::uint64_t seed) : options_(options), random_(seed) {}

  // Whether it shall run. Also ends a quarantine: whoever asks for it anew has mended something.
  void Want(bool running, base::Time now);

  // What the process did. Words of a process that is no longer there are ignored.
  void OnProgress(int percent);
  void OnLoaded(base::Time now);
  void OnReady(base::Time now);
  void OnExit(const std::string& cause, base::Time now);
  // It makes no progress; it is killed, and its exit has this cause.
  void OnHung(const std::string& cause);

  // What is to be done now; each action is said once. Call it after every event, and at `wake` at the latest.
  Action Next(base::Time now);
  std::optional<base::Time> wake() const;

  const View& view() const { return view_; }
  bool alive() const { return alive_; }

 private:
  void Enter(Phase phase, base::Time now);
  void Crash(const std::string& cause, base::Time now);
  void Forgive();
  bool Spent(base::Time now);
  base::Duration Wait();
  base::Duration Shortened(base::Duration wait);

  const LifecycleOptions options_;
  std::mt19937_64 random_;
  View view_;
  bool wanted_ = false;
  bool alive_ = false;
  bool terminate_ = false;  // to be said
  bool kill_ = false;       // to be said
  std::optional<base::Time> kill_at_;
  std::string hung_;                // why it is being killed
  std::deque<base::Time> crashes_;  // within the window
  std::size_t in_a_row_ = 0;        // crashes since it was well
  std::size_t quarantines_ = 0;     // since it was well
};

}  // namespace lares::supervisor
