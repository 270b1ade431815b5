// SPDX-License-Identifier: Apache-2.0
//
// How long the work ahead will take; for Retry-After and for the engine's status. An estimate: it assumes
// that prompts are read one after the other in calls of the usual size, and that answers are as long as
// lately.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "scheduler/world.h"

namespace lares::scheduler {

base::Duration PredictFirstToken(const World& world, std::int64_t rows);

// When a full queue may have room again: half of it will be gone.
base::Duration PredictRoom(const World& world);

}  // namespace lares::scheduler
