// SPDX-License-Identifier: Apache-2.0
//
// What makes two requests the same to the model's process: everything but who asks, how long the answer may
// be and which random numbers it draws. Pure.
#pragma once

#include <string>

#include "core/generate_request.h"

namespace lares::engine {

// SHA-256, hex.
std::string IdentityOf(const core::GenerateRequest& request);

}  // namespace lares::engine
