// SPDX-License-Identifier: Apache-2.0
//
// What must hold between two steps. O(everything): for tests, and for whoever looks for a bug.
#pragma once

#include "scheduler/world.h"

namespace lares::scheduler {

// Aborts with the broken rule.
void CheckWorld(const World& world);

}  // namespace lares::scheduler
