// SPDX-License-Identifier: Apache-2.0
//
// `lares bench`: measures any OpenAI-compatible server.
#pragma once

#include <string>

#include "app/config.h"
#include "cli/bench/bench_options.h"

namespace lares::cli {

// The table goes to standard output, progress and complaints to standard error. `version` is written into
// the JSON. Answers the process's exit code.
int Bench(const app::Config& config, const BenchOptions& options, const std::string& version);

}  // namespace lares::cli
