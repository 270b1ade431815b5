// SPDX-License-Identifier: Apache-2.0
//
// Which models stay in memory. One that is wanted gets room from those that are worth least: how often they
// were used lately, times what loading them again costs, over the memory that they take (the measure of the
// GreedyDual-Size-Frequency cache: Cherkasova, Improving WWW Proxies Performance with GDSF, 1998). Pinned
// ones never go. Pure; not thread safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"

namespace lares::capacity {

// A model as it stands now.
struct Resident {
  std::string name;
  std::uint64_t bytes = 0;  // what it takes when it is loaded
  bool pinned = false;
  bool loaded = false;  // it takes memory: loading and leaving, too
  bool busy = false;    // requests run on it
  std::optional<base::Time> last_use;
};

class Residency {
 public:
  struct Options {
    std::uint64_t budget = 0;                             // bytes
    base::Duration unload_after{};                        // unused for so long, and it goes; zero: it stays
    base::Duration half_life = std::chrono::minutes(10);  // of what uses are worth
  };

  explicit Residency(Options options) : options_(options) {}

  // Counts for its value.
  void OnUse(const std::string& name, base::Time now, std::uint64_t times = 1);
  void OnLoaded(const std::string& name, base::Duration took) { load_time_[name] = took; }

  struct Room {
    bool possible = false;             // else: not as long as what must stay stays
    std::vector<std::string> leaving;  // who has to go first, the least valuable first
  };
  // Room for `wanted`. Who is busy goes only when `also_busy` says so.
  Room MakeRoom(std::span<const Resident> all, const std::string& wanted, bool also_busy,
                base::Time now) const;

  // Those that nobody used for long enough.
  std::vector<std::string> Rested(std::span<const Resident> all, base::Time now) const;
  // Who goes first when memory is short for a reason that is not ours; nobody when all are needed.
  std::optional<std::string> LeastValuable(std::span<const Resident> all, base::Time now) const;

  // It fits when everything that may go has gone.
  bool EverFits(std::span<const Resident> all, const std::string& wanted) const;

  std::uint64_t budget() const { return options_.budget; }

 private:
  struct Uses {
    double count = 0;  // at `at`
    base::Time at{};
  };

  double Value(const Resident& model, base::Time now) const;
  std::vector<const Resident*> MayGo(std::span<const Resident> all, const std::string& wanted, bool also_busy,
                                     base::Time now) const;

  const Options options_;
  std::map<std::string, Uses> uses_;
  std::map<std::string, base::Duration> load_time_;
};

}  // namespace lares::capacity
