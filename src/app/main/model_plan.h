// SPDX-License-Identifier: Apache-2.0
//
// What models take, and what there is for them: on the machine, or on its GPUs.
#pragma once

#include <cstdint>
#include <string>

#include "app/config.h"
#include "app/hosted_models.h"
#include "base/error.h"
#include "core/model_spec.h"

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

// Memory that the models of a configuration may take together.
struct ModelsRoom {
  std::uint64_t budget = 0;  // bytes
  // When they are computed on a GPU, whose memory the budget is: what is free of the machine's own, for saved
  // prefixes. 0: they are the same.
  std::uint64_t beside = 0;
};

// As the configuration says; else nine tenths of what is free, of the GPUs' memory where they compute.
// Blocking: with a GPU for as long as its driver takes to start, in a process of its own.
ModelsRoom ReadModelsRoom(const Config& config);

// What can be said without loading it.
core::EngineStatus DescribeFile(const HostedModel& model);

// With room for others beside it where it leaves its size to us, and alone where that is too little.
ModelPlan PlanModel(const HostedModel& model, const SchedulingSettings& scheduling, const ModelsRoom& room);

}  // namespace lares::app
