// SPDX-License-Identifier: Apache-2.0
//
// Gives slots to waiting sequences, in the queue's order, each with as much of its prompt as is to be had
// without computing: from an idle slot, from a running one, from host memory.
#pragma once

#include "scheduler/world.h"

namespace lares::scheduler {

void StartWaiting(World& world);

}  // namespace lares::scheduler
