// SPDX-License-Identifier: Apache-2.0
//
// Takes the result of a step into the books: what is in the KV now, who produced what, who is done, and what
// the calls cost.
#pragma once

#include "base/clock.h"
#include "scheduler/step.h"
#include "scheduler/world.h"

namespace lares::scheduler {

// `step` is the one that was planned last.
void Settle(World& world, const Step& step, const StepResult& result);

// The shapes of its calls.
CallShape DecodeShape(const Step& step);
CallShape PrefillShape(const World& world, const Step& step);

}  // namespace lares::scheduler
