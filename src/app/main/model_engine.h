// SPDX-License-Identifier: Apache-2.0
//
// Makes the engine that a configuration asks for: a GGUF file by llama.cpp, or the fake model. In a worker's
// process; a gateway only describes it.
#pragma once

#include <memory>

#include "app/config.h"
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

// Names and files of the configured model. kInvalidArgument without one.
base::Result<core::ModelSpec> DescribeModel(const Config& config);

// Not started yet. Reads the chat template's file, nothing else.
base::Result<std::shared_ptr<engine::LocalEngine>> MakeEngine(const Config& config,
                                                              const core::ModelSpec& spec, Foundations on);

}  // namespace lares::app
