// SPDX-License-Identifier: Apache-2.0
//
// How the server is. Three questions with three answers: is it alive (restart it if not), is it ready (send
// it work), and how does it feel (for people and monitoring). Cheap; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "core/principal.h"
#include "service/catalogue.h"
#include "service/lifecycle.h"

namespace lares::service {

enum class HealthStatus : std::uint8_t { kUp, kDegraded, kDown };

struct ModelHealth {
  std::string name;
  HealthStatus status = HealthStatus::kDown;
  core::EngineStatus engine;
  // With engine.trouble: its times for people.
  std::optional<std::chrono::system_clock::time_point> since;
  std::optional<std::chrono::system_clock::time_point> next_try;
};

struct DiskHealth {
  HealthStatus status = HealthStatus::kUp;
  std::uint64_t total = 0;      // bytes
  std::uint64_t free = 0;       // bytes this process may still write
  std::uint64_t threshold = 0;  // below it: degraded
};

struct HealthReport {
  HealthStatus status = HealthStatus::kUp;
  std::chrono::system_clock::time_point timestamp;
  bool details = false;  // the fields below are filled: for principals that may read metrics
  bool draining = false;
  std::vector<ModelHealth> models;
  DiskHealth disk;
};

struct Readiness {
  bool ready = false;
  std::string state;  // ready, loading, restarting, failed, draining
  int percent = 0;    // of loading, over all models
};

class Health {
 public:
  static constexpr std::uint64_t kLowDiskBytes = 256ULL * 1024 * 1024;

  // `data_directory` is whose disk is watched.
  Health(const Catalogue& catalogue, const Lifecycle& lifecycle, const base::Clock& clock,
         std::string data_directory)
      : catalogue_(catalogue),
        lifecycle_(lifecycle),
        clock_(clock),
        data_directory_(std::move(data_directory)) {}

  HealthReport Report(const core::Principal& principal) const;
  Readiness Ready() const;
  // An error when every engine failed: the process exists, but will answer nobody. One that is being replaced
  // is no reason to end the gateway.
  base::Status Alive() const;

 private:
  DiskHealth Disk() const;

  const Catalogue& catalogue_;
  const Lifecycle& lifecycle_;
  const base::Clock& clock_;
  const std::string data_directory_;
};

const char* StateWord(
    core::EngineState state);  // loading, ready, draining, stopped, failed, restarting, unloaded

}  // namespace lares::service
