// SPDX-License-Identifier: Apache-2.0
//
// The models of a configuration as a fleet of workers: planned, named, wired.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/hosted_models.h"
#include "app/main/model_plan.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "engine/engine_metrics.h"
#include "service/catalogue.h"
#include "worker/fleet.h"
#include "worker/memory_group.h"

namespace lares::app {

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
  const ModelsRoom room_;
  worker::Fleet fleet_;
};

}  // namespace lares::app
