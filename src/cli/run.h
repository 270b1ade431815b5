// SPDX-License-Identifier: Apache-2.0
//
// `lares run`: one question, or a chat.
#pragma once

#include <functional>
#include <string>

#include "app/config.h"
#include "base/error.h"
#include "cli/run_options.h"

namespace lares::cli {

struct RunHooks {
  // Loads the GGUF file `path` behind a server of this process alone and answers its address, once it
  // listens. Called when no server runs; may be empty. The server ends with the process.
  std::function<base::Result<std::string>(const std::string& path)> start_private_server;
};

// Uses standard input, output and error. Answers the process's exit code.
int Run(const app::Config& config, const RunOptions& options, const RunHooks& hooks);

}  // namespace lares::cli
