// SPDX-License-Identifier: Apache-2.0
//
// When requests are due in an open loop. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/bench/random.h"

namespace lares::cli {

enum class ArrivalProcess { kPoisson, kConstant };

struct ArrivalPlan {
  ArrivalProcess process = ArrivalProcess::kPoisson;
  double rate = 1;           // per second
  std::size_t requests = 0;  // how many; 0: as many as fit into `duration`
  base::Duration duration{};
};

inline constexpr std::size_t kMaxArrivals = 10'000'000;

// Offsets from the start, ascending.
std::vector<base::Duration> PlanArrivals(const ArrivalPlan& plan, Random& random);

}  // namespace lares::cli
