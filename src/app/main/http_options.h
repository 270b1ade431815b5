// SPDX-License-Identifier: Apache-2.0
//
// The configuration's words for the HTTP server.
#pragma once

#include <cstddef>

#include "app/config.h"
#include "http/options.h"

namespace lares::app {

// `connections` is how many there is room for.
http::Options HttpOptionsOf(const Config& config, std::size_t connections);

}  // namespace lares::app
