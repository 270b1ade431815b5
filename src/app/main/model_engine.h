// SPDX-License-Identifier: Apache-2.0
//
// Makes the engine that a configuration asks for: a GGUF file by llama.cpp, or the fake model. In a worker's
// process.
#pragma once

#include <memory>

#include "app/config.h"
#include "backend/llama/llama_backend.h"
#include "base/error.h"
#include "core/model_spec.h"
#include "engine/local/local_engine.h"

namespace lares::app {

// What everything in this process stands on; outlives the engine.
struct Foundations {
  base::Clock& clock;
  base::Logger& log;
  base::ThreadPool& heavy;
  engine::Observer& observer;
};

// What a GGUF file is loaded with; without its chat template.
backend::llama::LoadOptions LoadOptionsOf(const ModelSettings& model, const SchedulingSettings& scheduling);

// Not started yet. Reads the chat template's file, nothing else.
base::Result<std::shared_ptr<engine::LocalEngine>> MakeEngine(const Config& config,
                                                              const core::ModelSpec& spec, Foundations on);

}  // namespace lares::app
