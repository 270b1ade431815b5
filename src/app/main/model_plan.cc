// SPDX-License-Identifier: Apache-2.0
#include "app/main/model_plan.h"

#include <limits>

#include "app/fake_model_path.h"
#include "app/main/gpu_memory.h"
#include "app/main/model_engine.h"
#include "backend/llama/gguf_check.h"
#include "backend/llama/host_resources.h"
#include "backend/llama/llama_backend.h"

namespace lares::app {
namespace {

// A model that leaves its size to us shall leave room for so many of its kind.
constexpr std::uint64_t kShare = 3;

ModelPlan PlanFake(const std::string& path, std::uint64_t budget) {
  ModelPlan plan;
  const auto fake = ParseFakeModel(path);
  if (!fake) return {.refusal = fake.error().message()};
  plan.bytes = plan.known.planned_bytes = fake->memory;
  plan.known.purpose = fake->purpose;
  if (plan.bytes > budget) {
    plan.refusal = "this needs " + std::to_string(plan.bytes) + " bytes, but models may take " +
                   std::to_string(budget) + " together (--models-memory)";
  }
  return plan;
}

}  // namespace

// Nothing when the file cannot be read: whoever loads it will say so.
core::EngineStatus DescribeFile(const HostedModel& model) {
  core::EngineStatus known;
  const auto file = backend::llama::CheckGgufFile(model.settings.path);
  if (!file) return known;
  known.purpose = file->purpose;
  known.architecture = file->architecture;
  known.form = file->form;
  known.parameters = file->parameters;
  known.bytes = file->tensor_bytes;
  known.training_context = static_cast<std::int32_t>(file->context_length);
  known.has_chat_template = file->has_chat_template || !model.settings.chat_template.empty();
  return known;
}

ModelsRoom ReadModelsRoom(const Config& config) {
  const std::uint64_t host = backend::llama::ReadHostResources().memory_free;
  const bool on_gpu = config.worker.profile == "gpu" && config.model.gpu_layers != 0;
  const std::uint64_t gpus = on_gpu ? AskForGpuMemory() : 0;
  ModelsRoom room{.budget = config.models.memory, .beside = gpus > 0 ? host : 0};
  if (room.budget > 0) return room;
  const std::uint64_t free = gpus > 0 ? gpus : host;
  room.budget = free == 0 ? std::numeric_limits<std::uint64_t>::max() : free - free / 10;
  return room;
}

ModelPlan PlanModel(const HostedModel& model, const SchedulingSettings& scheduling, const ModelsRoom& room) {
  if (IsFakeModel(model.settings.path)) return PlanFake(model.settings.path, room.budget);
  ModelPlan plan{.known = DescribeFile(model)};
  const auto options = LoadOptionsOf(model.settings, scheduling);
  auto planned = backend::llama::PlanLoad(options, room.budget / kShare, room.beside / kShare);
  if (!planned) planned = backend::llama::PlanLoad(options, room.budget, room.beside);
  if (!planned) {
    plan.refusal = planned.error().message();
    return plan;
  }
  plan.bytes = planned->needed_bytes();
  plan.context = planned->slot_cells;
  plan.parallel = planned->slots;
  plan.host_cache = planned->host_cache_bytes;
  plan.known.planned_bytes = plan.bytes;
  plan.known.context_tokens = plan.context;
  plan.known.slots = plan.parallel;
  return plan;
}

}  // namespace lares::app
