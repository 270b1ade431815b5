// SPDX-License-Identifier: Apache-2.0
#include "app/main/commands.h"

#include <iostream>

#include "app/command_line.h"
#include "cli/models.h"
#include "cli/run.h"

namespace lares::app {

int RunCommand(LoadedConfig loaded, const cli::RunOptions& options) {
  return cli::Run(loaded.config, options, {});
}

int ModelsCommand(LoadedConfig loaded, const cli::ModelsOptions& options) {
  return cli::Models(loaded.config, options, std::cout, std::cerr);
}

int ConvertCommand(const cli::ConvertOptions&) { return kExitFailure; }
int BenchCommand(LoadedConfig, const cli::BenchOptions&) { return kExitFailure; }

}  // namespace lares::app
