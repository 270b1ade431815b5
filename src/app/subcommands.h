// SPDX-License-Identifier: Apache-2.0
//
// The subcommands with their flags and their help. Used by command_line.cc only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/config_loader.h"
#include "cli/bench/bench_options.h"
#include "cli/run_options.h"

namespace CLI {
class App;
}

namespace lares::app {

// What the parser fills. Must outlive the parser.
struct ParsedCommand {
  std::optional<std::string> config_file;
  std::vector<FlagValue> flags;
  std::vector<std::string> prompt_words;
  bool markdown = false;
  cli::RunOptions run;
  cli::ModelsOptions models;
  cli::ConvertOptions convert;
  cli::BenchOptions bench;
};

void AddSubcommands(CLI::App& app, ParsedCommand& parsed);

// --config and the settings of `scope` as flags.
void AddSettings(CLI::App& command, unsigned scope, ParsedCommand& parsed);

// Flags of `lares bench` beyond the settings.
void AddBenchFlags(CLI::App& command, cli::BenchOptions& options);

}  // namespace lares::app
