// SPDX-License-Identifier: Apache-2.0
#include "scheduler/least_squares.h"

#include <cmath>
#include <utility>

namespace lares::scheduler {
namespace {

// Gaussian elimination over the unknowns in `open`; the others are zero.
Vector4 SolveOpen(Matrix4 a, Vector4 b, const std::array<bool, 4>& open) {
  for (std::size_t i = 0; i < 4; ++i) {
    if (open[i]) continue;
    a[i] = {};
    for (auto& row : a) row[i] = 0;
    a[i][i] = 1;
    b[i] = 0;
  }
  for (std::size_t i = 0; i < 4; ++i) {
    std::size_t pivot = i;
    for (std::size_t r = i + 1; r < 4; ++r) {
      if (std::abs(a[r][i]) > std::abs(a[pivot][i])) pivot = r;
    }
    std::swap(a[i], a[pivot]);
    std::swap(b[i], b[pivot]);
    if (a[i][i] == 0) continue;
    for (std::size_t r = i + 1; r < 4; ++r) {
      const double factor = a[r][i] / a[i][i];
      for (std::size_t c = i; c < 4; ++c) a[r][c] -= factor * a[i][c];
      b[r] -= factor * b[i];
    }
  }
  Vector4 x{};
  for (std::size_t i = 4; i-- > 0;) {
    double sum = b[i];
    for (std::size_t c = i + 1; c < 4; ++c) sum -= a[i][c] * x[c];
    x[i] = a[i][i] == 0 ? 0 : sum / a[i][i];
  }
  return x;
}

}  // namespace

Vector4 SolveNonNegative(const Matrix4& a, const Vector4& b) {
  std::array<bool, 4> open{true, true, true, true};
  while (true) {
    Vector4 x = SolveOpen(a, b, open);
    std::size_t worst = 4;
    for (std::size_t i = 0; i < 4; ++i) {
      if (open[i] && x[i] < 0 && (worst == 4 || x[i] < x[worst])) worst = i;
    }
    if (worst == 4) return x;
    open[worst] = false;
  }
}

}  // namespace lares::scheduler
