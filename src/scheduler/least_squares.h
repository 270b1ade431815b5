// SPDX-License-Identifier: Apache-2.0
//
// Least squares with four unknowns that must not be negative. Pure.
#pragma once

#include <array>
#include <cstddef>

namespace lares::scheduler {

using Vector4 = std::array<double, 4>;
using Matrix4 = std::array<Vector4, 4>;

// The x >= 0 that about minimises x'Ax/2 - b'x, for a positive definite A: unknowns that come out negative
// are fixed at zero, the most negative first.
Vector4 SolveNonNegative(const Matrix4& a, const Vector4& b);

}  // namespace lares::scheduler
