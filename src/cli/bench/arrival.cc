// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/arrival.h"

#include "base/check.h"

namespace lares::cli {

std::vector<base::Duration> PlanArrivals(const ArrivalPlan& plan, Random& random) {
  LARES_CHECK(plan.rate > 0);
  std::vector<base::Duration> due;
  const std::size_t most = plan.requests > 0 ? plan.requests : kMaxArrivals;
  double at = 0;
  while (due.size() < most) {
    // A constant stream begins at once; the first gap of a Poisson process is one like the others.
    if (plan.process == ArrivalProcess::kPoisson) at += random.Exponential() / plan.rate;
    const base::Duration when = base::FromSeconds(at);
    if (plan.requests == 0 && when >= plan.duration) break;
    due.push_back(when);
    if (plan.process == ArrivalProcess::kConstant) at = static_cast<double>(due.size()) / plan.rate;
  }
  return due;
}

}  // namespace lares::cli
