// SPDX-License-Identifier: Apache-2.0
//
// The API as one list; api/openapi.yaml is the same as a contract, and a test compares the two.
#pragma once

#include <vector>

#include "http/route.h"
#include "service/services.h"

namespace lares::http::api {

// `services` must outlive the routes.
std::vector<Route> RouteTable(service::Services& services);

}  // namespace lares::http::api
