// SPDX-License-Identifier: Apache-2.0
#include "app/main/commands.h"

#include <iostream>

#include "app/command_line.h"
#include "app/main/private_server.h"
#include "app/private_server_flags.h"
#include "app/version.h"
#include "backend/llama/quantize.h"
#include "base/log.h"
#include "cli/bench/bench.h"
#include "cli/models.h"
#include "cli/run.h"

namespace lares::app {

int RunCommand(LoadedConfig loaded, const cli::RunOptions& options) {
  const auto start = [&loaded](const std::string& path) {
    return StartPrivateServer(path, PrivateServerFlags(loaded));
  };
  return cli::Run(loaded.config, options, {.start_private_server = start});
}

int ModelsCommand(LoadedConfig loaded, const cli::ModelsOptions& options) {
  return cli::Models(loaded.config, options, std::cout, std::cerr);
}

int ConvertCommand(const cli::ConvertOptions& options) {
  const auto convert = [](const std::string& input, const std::string& output,
                          const std::string& type) -> base::Result<std::string> {
    const auto log = base::Logger::Silent();
    // cli::Convert has made sure of the output and puts it in place.
    auto converted =
        backend::llama::Convert({.input = input, .output = output, .type = type, .overwrite = true}, *log);
    if (!converted) return base::Fail(converted.error());
    return converted->lost;
  };
  return cli::Convert(options, convert, std::cout, std::cerr);
}

int BenchCommand(LoadedConfig loaded, const cli::BenchOptions& options) {
  return cli::Bench(loaded.config, options, BuiltFrom().version);
}

}  // namespace lares::app
