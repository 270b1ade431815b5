// SPDX-License-Identifier: Apache-2.0
//
// The `lares` command: its subcommands, flags and help. Parses, loads the configuration, and calls one
// handler. What the handlers do is wired by main.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "app/config_loader.h"
#include "cli/bench/bench_options.h"
#include "cli/run_options.h"

namespace lares::app {

// What the process answers. 130 (interrupted) is the shell's convention for SIGINT.
inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailure = 1;  // it ran, and the answer is no: a request failed, a goal was missed
inline constexpr int kExitUsage = 2;    // wrong flags or configuration
inline constexpr int kExitUnavailable = 3;  // there is no server, or it does not answer
inline constexpr int kExitInterrupted = 130;

// Each answers the exit code. `config` is complete and each value is within its bounds; serve's has passed
// CheckForServing too.
struct Handlers {
  std::function<int(LoadedConfig)> serve;
  std::function<int(LoadedConfig)> worker;
  std::function<int(LoadedConfig, const cli::RunOptions&)> run;
  std::function<int(LoadedConfig, const cli::ModelsOptions&)> models;
  std::function<int(LoadedConfig)> plan;
  std::function<int(const cli::ConvertOptions&)> convert;
  std::function<int(LoadedConfig, const cli::BenchOptions&)> bench;
  std::function<int()> devices;
  std::function<int()> version;
};

// `arguments` without the program's name. Help, `lares config` and complaints are answered here, to `out`
// and `err`.
int RunCommandLine(const std::vector<std::string>& arguments, const Environment& environment,
                   const Handlers& handlers, std::ostream& out, std::ostream& err);

}  // namespace lares::app
