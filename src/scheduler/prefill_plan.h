// SPDX-License-Identifier: Apache-2.0
//
// The prefill call of a step: who may read, in which order, how much, and whether the call may be cut short.
#pragma once

#include "scheduler/call_shape.h"
#include "scheduler/step.h"
#include "scheduler/world.h"

namespace lares::scheduler {

// `decode`: the step's decode call. May evict or preempt to find cells.
void PlanPrefill(World& world, const CallShape& decode, Step& step);

}  // namespace lares::scheduler
