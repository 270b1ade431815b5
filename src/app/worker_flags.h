// SPDX-License-Identifier: Apache-2.0
//
// What `lares serve` tells the worker that holds its model.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"

namespace lares::app {

// Flags of `lares worker`: every setting that is for the engine and has another value than its default. The
// worker reads no file and no environment. Its queue is longer than the gateway's, which is the one that
// refuses. Pure.
std::vector<std::string> WorkerFlags(const Config& config);

// How many requests of one tenant a worker lets wait, so that it takes whatever a gateway with `queue` took
// (engine/shared_room.h: an eighth more for others).
std::int32_t WorkerQueue(std::int32_t queue);

}  // namespace lares::app
