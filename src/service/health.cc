// SPDX-License-Identifier: Apache-2.0
#include "service/health.h"

#include <algorithm>
#include <utility>

#include <sys/statvfs.h>

namespace lares::service {
namespace {

HealthStatus StatusOf(const core::EngineStatus& engine) {
  switch (engine.state) {
    case core::EngineState::kReady:
    case core::EngineState::kUnloaded:  // as it should be
      return HealthStatus::kUp;
    case core::EngineState::kLoading:
    case core::EngineState::kRestarting:
    case core::EngineState::kDraining:
      return HealthStatus::kDegraded;
    case core::EngineState::kStopped:
    case core::EngineState::kFailed:
      return HealthStatus::kDown;
  }
  return HealthStatus::kDown;
}

}  // namespace

const char* StateWord(core::EngineState state) {
  switch (state) {
    case core::EngineState::kLoading:
      return "loading";
    case core::EngineState::kReady:
      return "ready";
    case core::EngineState::kDraining:
      return "draining";
    case core::EngineState::kStopped:
      return "stopped";
    case core::EngineState::kFailed:
      return "failed";
    case core::EngineState::kRestarting:
      return "restarting";
    case core::EngineState::kUnloaded:
      return "unloaded";
  }
  return "failed";
}

DiskHealth Health::Disk() const {
  DiskHealth disk{.threshold = kLowDiskBytes};
  struct statvfs info{};
  if (statvfs(data_directory_.empty() ? "." : data_directory_.c_str(), &info) != 0) {
    disk.status = HealthStatus::kDegraded;
    return disk;
  }
  disk.total = static_cast<std::uint64_t>(info.f_blocks) * info.f_frsize;
  disk.free = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  if (disk.free < disk.threshold) disk.status = HealthStatus::kDegraded;
  return disk;
}

HealthReport Health::Report(const core::Principal& principal) const {
  HealthReport report;
  report.timestamp = clock_.Wall();
  const base::Time now = clock_.Now();
  const auto wall = [&](base::Time time) {
    return report.timestamp + std::chrono::duration_cast<std::chrono::system_clock::duration>(time - now);
  };
  report.draining = lifecycle_.phase() != Lifecycle::Phase::kServing;
  report.details = core::Holds(principal.permissions, core::Permission::kReadMetrics);
  report.disk = Disk();
  std::size_t down = 0;
  for (const Model& model : catalogue_.models()) {
    ModelHealth health{.name = model.spec.name, .engine = model.engine->Status()};
    health.status = StatusOf(health.engine);
    if (!model.pinned && health.engine.state == core::EngineState::kLoading)
      health.status = HealthStatus::kUp;
    if (const auto& trouble = health.engine.trouble) {
      health.since = wall(trouble->since);
      if (trouble->next_try) health.next_try = wall(*trouble->next_try);
    }
    report.status = std::max(report.status, std::min(health.status, HealthStatus::kDegraded));
    if (health.status == HealthStatus::kDown) ++down;
    report.models.push_back(std::move(health));
  }
  report.status = std::max(report.status, report.disk.status);
  if (report.draining) report.status = std::max(report.status, HealthStatus::kDegraded);
  if (down == report.models.size()) report.status = HealthStatus::kDown;  // also without any model
  return report;
}

Readiness Health::Ready() const {
  if (lifecycle_.phase() != Lifecycle::Phase::kServing)
    return {.ready = false, .state = "draining", .percent = 100};
  Readiness readiness{.ready = true, .state = "ready", .percent = 100};
  for (const Model& model : catalogue_.models()) {
    const core::EngineStatus status = model.engine->Status();
    // What is loaded on demand makes nobody wait who does not ask for it.
    if (status.state == core::EngineState::kReady || !model.pinned) continue;
    readiness.ready = false;
    if (readiness.state != "failed") readiness.state = StateWord(status.state);
    readiness.percent = std::min(readiness.percent, status.load_percent);
  }
  return readiness;
}

base::Status Health::Alive() const {
  std::optional<base::Error> failed;
  for (const Model& model : catalogue_.models()) {
    const core::EngineStatus status = model.engine->Status();
    if (status.state != core::EngineState::kFailed) return {};
    failed = base::Error(base::Code::kUnavailable, "the engine of " + model.spec.name + " failed")
                 .WithReason("engine_failed");
  }
  if (failed) return base::Fail(std::move(*failed));
  return {};
}

}  // namespace lares::service
