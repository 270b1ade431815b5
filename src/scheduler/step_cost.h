// SPDX-License-Identifier: Apache-2.0
//
// How long a step's calls will take: the decode call, and the prefill call with one model below 64 rows per
// part and one from there on, because kernels change there (one line over all sizes was measurably bad).
// Either fixed by Options or fitted online. Pure; not thread safe.
#pragma once

#include <optional>

#include "base/clock.h"
#include "scheduler/call_shape.h"
#include "scheduler/cost_fit.h"
#include "scheduler/options.h"

namespace lares::scheduler {

class StepCostModel {
 public:
  explicit StepCostModel(const Options& options);

  base::Duration Decode(const CallShape& shape) const;
  base::Duration Prefill(const CallShape& shape) const;
  // An upper estimate of a decode call after a prefill call: both predictions, the margin over both, and what
  // a step takes beside its calls.
  base::Duration Gap(const CallShape& prefill, const CallShape& decode) const;

  void LearnDecode(const CallShape& shape, base::Duration real);
  void LearnPrefill(const CallShape& shape, base::Duration real);
  // Time of a step outside of its calls: sampling, planning, moving states.
  void LearnOverhead(base::Duration real);

  // The most rows that a budgeted prefill call may have by now: twice what was ever seen, so that the first
  // chunks are careful.
  std::int64_t TrustedRows() const;

 private:
  const CostFit& FitFor(const CallShape& shape) const;

  const std::int64_t quantum_;
  const std::optional<FixedCosts> fixed_;
  CostFit decode_;
  CostFit few_rows_;
  CostFit many_rows_;
  double overhead_ns_ = 0;
  double overhead_deviation_ns_ = 0;
  std::int64_t largest_seen_ = 0;
};

}  // namespace lares::scheduler
