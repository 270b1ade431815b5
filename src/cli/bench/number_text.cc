// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/number_text.h"

#include <cmath>
#include <cstdio>

namespace lares::cli {

std::string NumberText(double value) {
  const double size = std::fabs(value);
  const int digits = size == 0 || size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string FigureText(double value) { return std::isfinite(value) ? NumberText(value) : "failed"; }

}  // namespace lares::cli
