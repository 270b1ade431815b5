// SPDX-License-Identifier: Apache-2.0
//
// `lares worker`: one model, one engine, one process. A gateway starts it (worker/instance.h) with a socket,
// a page of shared memory and the model's files as its descriptors; it serves its engine over the socket
// until the gateway hangs up, and nothing else ends it but a signal that cannot be ignored.
#pragma once

#include "app/config_loader.h"

namespace lares::app {

// Answers the process's exit code.
int WorkerProcess(LoadedConfig loaded);

}  // namespace lares::app
