// SPDX-License-Identifier: Apache-2.0
//
// The models of a configuration as a fleet of workers: planned, named, wired.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/hosted_models.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "engine/engine_metrics.h"
#include "service/catalogue.h"
#include "worker/fleet.h"
#include "worker/memory_group.h"

namespace lares::app {

// What one model takes of the memory that all have together.
struct ModelPlan {
  std::uint64_t bytes = 0;
  std::int32_t context = 0;  // 0: its worker decides
  std::int32_t parallel = 0;
  std::uint64_t host_cache = 0;
  core::EngineStatus known;  // what its file says of it
  std::string refusal;       // why it cannot be loaded, with the numbers; empty: it can
};

// Bytes that the models of `config` may take together.
std::uint64_t ModelsBudget(const Config& config);
// With room for others beside it where it leaves its size to us, and alone where that is too little.
ModelPlan PlanModel(const HostedModel& model, const SchedulingSettings& scheduling, std::uint64_t budget);

class ModelFleet {
 public:
  // Everything handed in outlives it. Not started yet.
  ModelFleet(const Config& config, const std::vector<HostedModel>& models, const base::Clock& clock,
             base::Metrics& metrics, base::Logger& log);

  worker::Fleet& fleet() { return fleet_; }
  std::vector<service::Model> models() const;

 private:
  void Add(const Config& config, const HostedModel& model, const ModelPlan& plan);

  const base::Clock& clock_;
  base::Metrics& metrics_;
  base::Logger& log_;
  const base::Result<worker::MemoryGroups> memory_groups_ = worker::MemoryGroups::Find();
  std::vector<std::unique_ptr<engine::EngineMetrics>> engine_metrics_;  // outlive the workers
  std::vector<service::Model> models_;
  worker::Fleet fleet_;
};

}  // namespace lares::app
