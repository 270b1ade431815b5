// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lares::cli {

// About three digits that matter: 0.123, 12.3, 123, 1234. Pure.
std::string NumberText(double value);

}  // namespace lares::cli
