// SPDX-License-Identifier: Apache-2.0
#include "scheduler/step_cost.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

namespace lares::scheduler {
namespace {

constexpr base::Duration kDecodeGuess =
    std::chrono::milliseconds(200);  // 64 rows; measured at the first step
constexpr base::Duration kPrefillGuess = std::chrono::milliseconds(100);
constexpr double kOverheadGain = 0.1;

base::Duration Fixed(const StepCost& cost, const CallShape& shape) {
  if (shape.rows == 0) return {};
  return cost.base + cost.per_row * shape.rows +
         base::Duration(static_cast<base::Duration::rep>(cost.per_row_depth_ns * shape.rows_depth));
}

double Nanoseconds(base::Duration d) { return static_cast<double>(d.count()); }

}  // namespace

StepCostModel::StepCostModel(const Options& options)
    : quantum_(options.chunk_quantum),
      fixed_(options.fixed_costs),
      decode_(kDecodeGuess),
      few_rows_(kPrefillGuess),
      many_rows_(kPrefillGuess) {}

const CostFit& StepCostModel::FitFor(const CallShape& shape) const {
  return shape.rows < 64 * std::int64_t{shape.parts} ? few_rows_ : many_rows_;
}

base::Duration StepCostModel::Decode(const CallShape& shape) const {
  return fixed_ ? Fixed(fixed_->decode, shape) : decode_.Predict(shape);
}

base::Duration StepCostModel::Prefill(const CallShape& shape) const {
  return fixed_ ? Fixed(fixed_->prefill, shape) : FitFor(shape).Predict(shape);
}

base::Duration StepCostModel::Gap(const CallShape& prefill, const CallShape& decode) const {
  const base::Duration calls = Decode(decode) + Prefill(prefill);
  if (fixed_) return calls;
  // The two errors are independent, so their squares add up.
  const double margin = std::hypot(Nanoseconds(Decode(decode)) * decode_.margin(),
                                   Nanoseconds(Prefill(prefill)) * FitFor(prefill).margin());
  const double beside = overhead_ns_ + 2 * overhead_deviation_ns_;
  return calls + base::Duration(static_cast<base::Duration::rep>(margin + beside));
}

void StepCostModel::LearnDecode(const CallShape& shape, base::Duration real) {
  if (!fixed_) decode_.Learn(shape, real);
}

void StepCostModel::LearnPrefill(const CallShape& shape, base::Duration real) {
  if (fixed_) return;
  largest_seen_ = std::max(largest_seen_, shape.rows);
  if (&FitFor(shape) == &many_rows_) {
    many_rows_.Learn(shape, real);
    few_rows_.set_unit(many_rows_.unit());
  } else {
    few_rows_.Learn(shape, real);
    many_rows_.set_unit(few_rows_.unit());
  }
}

void StepCostModel::LearnOverhead(base::Duration real) {
  if (fixed_) return;
  const double error = std::max(Nanoseconds(real), 0.0) - overhead_ns_;
  overhead_ns_ += kOverheadGain * error;
  overhead_deviation_ns_ += kOverheadGain * (std::abs(error) - overhead_deviation_ns_);
}

std::int64_t StepCostModel::TrustedRows() const {
  if (fixed_) return std::numeric_limits<std::int64_t>::max();
  return std::max(quantum_, 2 * largest_seen_);
}

}  // namespace lares::scheduler
