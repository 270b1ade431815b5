// SPDX-License-Identifier: Apache-2.0
//
// `lares serve`: constructs the server from its parts, runs it until a signal ends it, and takes it apart in
// the opposite order. Reads as the architecture.
#pragma once

#include "app/config_loader.h"

namespace lares::app {

// Blocks until the server has ended; answers the process's exit code.
int Serve(LoadedConfig loaded);

}  // namespace lares::app
