// SPDX-License-Identifier: Apache-2.0
#include "scheduler/cost_fit.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "scheduler/least_squares.h"

namespace lares::scheduler {
namespace {

constexpr double kUnitRows = 64;  // terms are scaled so that the coefficients are of one size
constexpr double kUnitDepth = 1000;
constexpr double kCellMemory = 0.94;   // weight that a cell's past keeps at each new sample
constexpr double kCellDoubt = 2;       // samples' worth of trust in the line against a cell's own factor
constexpr double kPriorWeight = 0.02;  // of the ties between coefficients, in samples
constexpr double kUnitWeight = 1e-3;
constexpr std::size_t kWarm = 8;  // samples before an outlier can be told

double Clamp(double value, double factor) { return std::clamp(value, 1 / factor, factor); }

}  // namespace

CostFit::CostFit(base::Duration unit)
    : cells_(kSizes * kDepths), unit_ns_(static_cast<double>(unit.count())) {
  Solve();
  UpdateMargin();
}

CostFit::Terms CostFit::TermsOf(const CallShape& shape) {
  const double rows = static_cast<double>(shape.rows) / kUnitRows;
  return {1, rows, shape.depth / kUnitDepth, shape.rows_depth / (kUnitRows * kUnitDepth)};
}

// Sizes by powers of two, depths by half powers of two above 256.
std::size_t CostFit::CellOf(const CallShape& shape) {
  const auto rows = static_cast<std::uint64_t>(std::max<std::int64_t>(shape.rows, 1));
  const auto size = std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(rows)) - 1, kSizes - 1);
  const double mean = shape.rows > 0 ? shape.rows_depth / static_cast<double>(shape.rows) : 0;
  const auto depth = static_cast<std::size_t>(2 * std::log2(1 + mean / 256));
  return size * kDepths + std::min(depth, kDepths - 1);
}

double CostFit::CellFactor(std::size_t index) const {
  const Cell& cell = cells_[index];
  if (cell.weight == 0) return 1;
  double predicted_over_real = 0;
  for (std::size_t i = 0; i < kTerms; ++i) predicted_over_real += line_[i] * cell.sum[i];
  return Clamp((cell.weight + kCellDoubt) / (predicted_over_real + kCellDoubt), 2);
}

double CostFit::AtPaceOne(const Terms& terms, std::size_t cell) const {
  double time = 0;
  for (std::size_t i = 0; i < kTerms; ++i) time += line_[i] * terms[i];
  return std::max(time * CellFactor(cell), 1.0);
}

base::Duration CostFit::Predict(const CallShape& shape) const {
  if (shape.rows == 0) return {};
  return base::Duration(static_cast<base::Duration::rep>(AtPaceOne(TermsOf(shape), CellOf(shape)) * pace_));
}

base::Duration CostFit::unit() const {
  return base::Duration(static_cast<base::Duration::rep>((line_[0] + line_[1]) * pace_));
}

void CostFit::set_unit(base::Duration unit) {
  if (samples_ > 0) return;
  unit_ns_ = static_cast<double>(unit.count());
  Solve();
}

void CostFit::Learn(const CallShape& shape, base::Duration real) {
  if (shape.rows == 0 || real.count() <= 0) return;
  Sample sample{.terms = TermsOf(shape), .cell = CellOf(shape)};
  const double predicted = AtPaceOne(sample.terms, sample.cell) * pace_;
  const double ratio = static_cast<double>(real.count()) / predicted;
  if (samples_ >= kWarm) FollowPace(ratio);
  // One call that the system held up must not bend the line.
  const double believed = samples_ >= kWarm ? predicted * Clamp(ratio, 3) : static_cast<double>(real.count());
  sample.real = believed / pace_;
  recent_[samples_ % kRecent] = sample;
  ++samples_;
  AddToCell(sample);
  Solve();
  UpdateMargin();
}

// A single odd call moves the pace little; two of the same kind in a row move it half the way.
void CostFit::FollowPace(double ratio) {
  const double bounded = Clamp(ratio, 2);
  const bool again = (bounded > 1.3 && last_ratio_ > 1.3) || (bounded < 0.77 && last_ratio_ < 0.77);
  pace_ *= std::pow(bounded, again ? 0.5 : 0.1);
  pace_ = Clamp(pace_, 64);
  last_ratio_ = bounded;
}

void CostFit::AddToCell(const Sample& sample) {
  Cell& cell = cells_[sample.cell];
  if (cell.weight == 0) used_cells_.push_back(sample.cell);
  Terms scaled = sample.terms;
  for (double& term : scaled) term /= sample.real;
  cell.weight = cell.weight * kCellMemory + 1;
  for (std::size_t i = 0; i < kTerms; ++i) {
    cell.sum[i] = cell.sum[i] * kCellMemory + scaled[i];
    for (std::size_t j = 0; j < kTerms; ++j) {
      cell.products[i][j] = cell.products[i][j] * kCellMemory + scaled[i] * scaled[j];
    }
  }
}

void CostFit::Solve() {
  Matrix4 a{};
  Vector4 b{};
  double inverse_square = 0;
  double weight = 0;
  for (const std::size_t index : used_cells_) {
    const Cell& cell = cells_[index];
    weight += cell.weight;
    inverse_square += cell.products[0][0];
    for (std::size_t i = 0; i < kTerms; ++i) {
      b[i] += cell.sum[i];
      for (std::size_t j = 0; j < kTerms; ++j) a[i][j] += cell.products[i][j];
    }
  }
  // The size of 1 / time^2: makes the prior as relative as the samples are.
  const double scale = weight > 0 ? inverse_square / weight : 1 / (unit_ns_ * unit_ns_);
  const double tie = kPriorWeight * scale;
  // A call's fixed cost is like that of 64 rows, and depth costs as much as on a small model, where it costs
  // most: a row at 700 costs twice what the first one does. So the first steps into the depth are careful.
  const Vector4 ratio{1, 0, 0.8, 1.5};
  for (const std::size_t i : {0U, 2U, 3U}) {
    a[i][i] += tie;
    a[i][1] -= tie * ratio[i];
    a[1][i] -= tie * ratio[i];
    a[1][1] += tie * ratio[i] * ratio[i];
  }
  a[1][1] += kUnitWeight * tie;
  b[1] += kUnitWeight * tie * unit_ns_ / 2;  // the unit is the fixed cost and that of the rows
  line_ = SolveNonNegative(a, b);
}

void CostFit::UpdateMargin() {
  const std::size_t count = std::min(samples_, kRecent);
  // With few samples nothing is known about their spread: a prior that four samples halve.
  const double doubt = 0.1 * 4 / (4 + static_cast<double>(samples_));
  if (count == 0) {
    margin_ = doubt;
    return;
  }
  std::array<double, kRecent> ratios{};
  for (std::size_t i = 0; i < count; ++i) {
    ratios[i] = recent_[i].real / AtPaceOne(recent_[i].terms, recent_[i].cell);
  }
  const auto rank = static_cast<std::ptrdiff_t>(std::lround(0.95 * static_cast<double>(count - 1)));
  std::nth_element(ratios.begin(), ratios.begin() + rank,
                   ratios.begin() + static_cast<std::ptrdiff_t>(count));
  margin_ = std::max(ratios[static_cast<std::size_t>(rank)] - 1, 0.0) + doubt;
}

}  // namespace lares::scheduler
