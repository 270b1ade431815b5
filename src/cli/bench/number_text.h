// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lares::cli {

// About three digits that matter: 0.123, 12.3, 123, 1234. Pure.
std::string NumberText(double value);

// The same for a figure of a result, which is infinite where the request behind it was not answered:
// "failed".
std::string FigureText(double value);

}  // namespace lares::cli
