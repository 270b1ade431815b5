// SPDX-License-Identifier: Apache-2.0
#include "app/main/model_fleet.h"

#include <filesystem>
#include <limits>
#include <utility>

#include "app/config_loader.h"
#include "app/main/model_engine.h"
#include "app/worker_flags.h"
#include "backend/llama/host_resources.h"
#include "base/id.h"
#include "engine/failover/failover_engine.h"
#include "worker/supervisor.h"

namespace lares::app {
namespace {

// Of the machine's memory; below it a model that rests goes.
constexpr std::uint64_t kLeastFreePart = 20;

// A GPU's driver takes memory that nobody can plan.
bool IsHeldToItsPlan(const Config& config) { return config.worker.profile == "cpu"; }

worker::SupervisorOptions SupervisorOptionsOf(const Config& config, const core::ModelSpec& spec,
                                              const base::Result<worker::MemoryGroups>& groups) {
  std::vector<std::string> unconfined;
  if (!groups && IsHeldToItsPlan(config)) unconfined = {"memory limit: " + groups.error().message()};
  return {.model = spec.name,
          .client = {.max_waiting = static_cast<std::size_t>(WorkerQueue(config.scheduling.queue)),
                     .unconfined = std::move(unconfined)},
          .lifecycle = {.well_after = config.worker.well_after,
                        .budget = static_cast<std::size_t>(config.worker.crash_budget)},
          .liveness = {},
          .seed = base::RandomSeed(),
          .memory_groups = groups && IsHeldToItsPlan(config) ? &*groups : nullptr};
}

// This program once more, as a worker, with no setting but those it is given.
worker::Command WorkerCommand(const Config& config, const HostedModel& model, const ModelPlan& plan) {
  Config own;
  own.data_directory = config.data_directory;
  own.model = model.settings;
  own.model.name = model.spec.name;
  own.model.context = plan.context > 0 ? plan.context : model.settings.context;
  own.model.parallel = plan.parallel > 0 ? plan.parallel : model.settings.parallel;
  own.scheduling = config.scheduling;
  if (plan.context > 0) own.scheduling.host_cache = plan.host_cache;
  own.worker = config.worker;
  own.log = config.log;
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  std::vector<std::string> files = model.spec.files;
  if (!model.settings.chat_template.empty()) files.push_back(model.settings.chat_template);
  worker::Command command{
      .program = error || !std::filesystem::exists(program) ? "/proc/self/exe" : program.string(),
      .arguments = {"lares", "worker"},
      .environment = EnvironmentWithoutSettings(),
      .files = std::move(files),
      .log_file = config.log.file};
  for (std::string& flag : WorkerFlags(own)) command.arguments.push_back(std::move(flag));
  return command;
}

// One alone takes what it finds.
ModelsRoom RoomOf(const Config& config, bool several) {
  return several ? ReadModelsRoom(config) : ModelsRoom{.budget = std::numeric_limits<std::uint64_t>::max()};
}

worker::FleetOptions FleetOptionsOf(const Config& config, const ModelsRoom& room, bool several) {
  if (!several) return {.budget = room.budget};
  return {.budget = room.budget,
          .unload_after = config.models.unload_after,
          .free_memory = [] { return backend::llama::ReadHostResources().memory_free; },
          .least_free = backend::llama::ReadHostResources().memory_total / kLeastFreePart};
}

}  // namespace

ModelFleet::ModelFleet(const Config& config, const std::vector<HostedModel>& models, const base::Clock& clock,
                       base::Metrics& metrics, base::Logger& log)
    : clock_(clock),
      metrics_(metrics),
      log_(log),
      room_(RoomOf(config, models.size() > 1)),
      fleet_(FleetOptionsOf(config, room_, models.size() > 1), clock, metrics, log) {
  for (const HostedModel& model : models) {
    const ModelPlan plan = models.size() > 1 ? PlanModel(model, config.scheduling, room_)
                                             : ModelPlan{.known = DescribeFile(model)};
    if (!plan.refusal.empty()) {
      log.Warning("a model cannot be loaded", {{"model", model.spec.name}, {"cause", plan.refusal}});
    }
    Add(config, model, plan);
  }
}

void ModelFleet::Add(const Config& config, const HostedModel& model, const ModelPlan& plan) {
  const std::size_t index = models_.size();
  auto engine = std::make_shared<engine::FailoverEngine>(
      engine::FailoverOptions{.model = model.spec.name,
                              .max_waiting = static_cast<std::size_t>(config.scheduling.queue),
                              .on_demand = [this, index] { fleet_.Demand(index); },
                              .known = plan.known},
      clock_, metrics_, log_);
  auto& steps =
      *engine_metrics_.emplace_back(std::make_unique<engine::EngineMetrics>(metrics_, model.spec.name));
  auto supervisor = std::make_unique<worker::Supervisor>(
      SupervisorOptionsOf(config, model.spec, memory_groups_), WorkerCommand(config, model, plan), *engine,
      steps, clock_, metrics_, log_);
  models_.push_back({.spec = model.spec, .engine = engine, .pinned = model.pinned});
  fleet_.Add({.name = model.spec.name,
              .engine = std::move(engine),
              .supervisor = std::move(supervisor),
              .bytes = plan.bytes,
              .pinned = model.pinned,
              .refusal = plan.refusal});
}

std::vector<service::Model> ModelFleet::models() const { return models_; }

}  // namespace lares::app
