// SPDX-License-Identifier: Apache-2.0
//
// The duration of one kind of call, learned while it is being made. Time is close to linear in the shape,
//   t = a + b * rows + c * depth + d * rows * depth,
// but no line holds everywhere, and machines change. So three things are learned:
//   - the line, by least squares of the relative error, with forgetting in each cell of a (rows, depth) grid,
//     so that what was seen at a depth long ago still carries the line there;
//   - each cell's own factor, where the line does not hold;
//   - the machine's present pace, a factor over everything that follows within a few calls.
// The margin is the 95th percentile of the latest calls' real over predicted time.
//
// Coefficients never fall below zero. Before any sample a prior ties them together without saying how fast
// the machine is. Pure and deterministic; not thread safe.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "base/clock.h"
#include "scheduler/call_shape.h"

namespace lares::scheduler {

class CostFit {
 public:
  // `unit`: a guess at what 64 rows cost at no depth; used until there are samples.
  explicit CostFit(base::Duration unit);

  void Learn(const CallShape& shape, base::Duration real);

  base::Duration Predict(const CallShape& shape) const;
  // To be added to a prediction, as a part of it: 0.05 means 5 %.
  double margin() const { return margin_; }

  std::size_t samples() const { return samples_; }
  base::Duration unit() const;         // what 64 rows cost at no depth, as far as known
  void set_unit(base::Duration unit);  // a better guess; ignored once there are samples

 private:
  static constexpr std::size_t kTerms = 4;
  static constexpr std::size_t kSizes = 12;
  static constexpr std::size_t kDepths = 16;
  static constexpr std::size_t kRecent = 48;
  using Terms = std::array<double, kTerms>;

  struct Cell {
    double weight = 0;
    Terms sum{};                           // of terms / real
    std::array<Terms, kTerms> products{};  // of their products
  };
  struct Sample {
    Terms terms{};
    std::size_t cell = 0;
    double real = 0;  // at the pace of 1
  };

  static Terms TermsOf(const CallShape& shape);
  static std::size_t CellOf(const CallShape& shape);
  double CellFactor(std::size_t cell) const;
  double AtPaceOne(const Terms& terms, std::size_t cell) const;
  void FollowPace(double ratio);
  void AddToCell(const Sample& sample);
  void Solve();
  void UpdateMargin();

  std::vector<Cell> cells_;
  std::vector<std::size_t> used_cells_;
  std::array<Sample, kRecent> recent_{};
  std::size_t samples_ = 0;
  double unit_ns_;
  Terms line_{};
  double pace_ = 1;
  double last_ratio_ = 1;
  double margin_ = 0;
};

}  // namespace lares::scheduler
