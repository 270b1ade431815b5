// SPDX-License-Identifier: Apache-2.0
//
// The models of one gateway, each with its worker: loads what is asked for, makes room for it, lets go what
// rests. What has to leave is decided by capacity/residency.h. Nobody is thrown out in the middle of an
// answer: a model that must leave takes nothing new, ends what runs, and what waits asks for it again.
//
// One thread of its own. Thread safe, except Add.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "capacity/residency.h"
#include "engine/failover/failover_engine.h"
#include "worker/supervisor.h"
#include "worker/wake_up.h"

namespace lares::worker {

struct FleetOptions {
  std::uint64_t budget = 0;       // bytes that models may take together
  base::Duration unload_after{};  // unused for so long, and a model is unloaded; zero: it stays
  // A model that is asked for waits so long for others to rest before one that works has to make room.
  base::Duration patience = std::chrono::seconds(2);
  // Bytes of memory that are free now, and below how many a resting model goes; null: nobody looks.
  std::function<std::uint64_t()> free_memory;
  std::uint64_t least_free = 0;
};

struct FleetMember {
  std::string name;
  std::shared_ptr<engine::FailoverEngine> engine;
  std::unique_ptr<Supervisor> supervisor;
  std::uint64_t bytes = 0;  // that it takes when it is loaded
  bool pinned = false;      // loaded at the start, and never unloaded
  std::string refusal;      // why it can never be loaded; empty: it can
};

class Fleet {
 public:
  Fleet(FleetOptions options, const base::Clock& clock, base::Metrics& metrics, base::Logger& log);
  ~Fleet();  // Stop
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // Before Start.
  void Add(FleetMember member);

  // Loads those that are pinned.
  void Start();
  // Somebody waits for it; for FailoverOptions::on_demand, so it only takes note.
  void Demand(std::size_t index);
  // All workers that run, by the program as it is on the disk now.
  void Replace();
  // Ends all workers, and what ran on them.
  void Stop();

  std::uint64_t budget() const { return residency_.budget(); }

 private:
  struct Member : FleetMember {
    std::atomic<bool> demanded{false};
    std::optional<base::Time> demanded_since;
    std::optional<base::Time> loading_since;
    std::optional<base::Time> failed_since;
    std::optional<base::Time> last_use;
    std::uint64_t uses = 0;
    bool leaving = false;         // it takes nothing new
    std::uint64_t leaves_at = 0;  // the turn in which that was last found right
    base::Gauge* gauge = nullptr;
    base::Counter* loads = nullptr;
  };

  void RefuseTheHopeless();
  void Run(const std::stop_token& stop);
  void NoteUse(base::Time now);
  void NoteFailure(Member& member, core::EngineState state, base::Time now);
  void Serve(Member& member, base::Time now);
  void Load(Member& member, base::Time now);
  void LetGo(base::Time now);
  bool MemoryIsShort(base::Time now);
  void RecallTheNeeded();
  void Unload(Member& member, const char* why);
  std::vector<capacity::Resident> Residents() const;
  Member& Named(const std::string& name);
  base::Duration Patience() const;

  const FleetOptions options_;
  const base::Clock& clock_;
  base::Metrics& metrics_;
  base::Logger& log_;
  capacity::Residency residency_;
  std::vector<std::unique_ptr<Member>> members_;
  std::uint64_t turn_ = 0;
  std::optional<base::Time> pressed_;  // when a model last went for want of memory
  std::optional<base::Time> looked_;   // when it was last looked how much is free
  const WakeUp wake_;
  std::jthread thread_;
};

}  // namespace lares::worker
