// SPDX-License-Identifier: Apache-2.0
//
// The commands beside serve: each binds a command of src/cli to the configuration and to the parts only the
// app may know. All answer the process's exit code.
#pragma once

#include "app/config_loader.h"
#include "cli/bench/bench_options.h"
#include "cli/run_options.h"

namespace lares::app {

int RunCommand(LoadedConfig loaded, const cli::RunOptions& options);
int ModelsCommand(LoadedConfig loaded, const cli::ModelsOptions& options);
int PlanCommand(LoadedConfig loaded);
int ConvertCommand(const cli::ConvertOptions& options);
int BenchCommand(LoadedConfig loaded, const cli::BenchOptions& options);

}  // namespace lares::app
