// SPDX-License-Identifier: Apache-2.0
//
// Step times fixed by configuration, so that a test's plan does not hang on the clock. As text:
//
//     decode=BASE:PER_ROW[:DEPTH_NS],prefill=BASE:PER_ROW[:DEPTH_NS]
//     decode=5ms:200us,prefill=2ms:150us:12.5
//
// A call takes BASE + PER_ROW * rows + DEPTH_NS * rows * depth nanoseconds. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "scheduler/options.h"

namespace lares::app {

base::Result<scheduler::FixedCosts> ParseFixedCosts(std::string_view text);
std::string FormatFixedCosts(const scheduler::FixedCosts& costs);

}  // namespace lares::app
