// SPDX-License-Identifier: Apache-2.0
//
// The configuration's words for the HTTP server.
#pragma once

#include "app/config.h"
#include "http/options.h"

namespace lares::app {

http::Options HttpOptionsOf(const Config& config);

}  // namespace lares::app
