// SPDX-License-Identifier: Apache-2.0
//
// Settings that must fit each other before a server starts. Pure: it opens no file and
// resolves no name.
#pragma once

#include <string>
#include <string_view>

#include "app/config.h"
#include "base/error.h"

namespace lares::app {

// 127.0.0.0/8, ::1, localhost, or a Unix socket. Names other than localhost count as reachable from afar.
bool IsLoopback(std::string_view host);

// The path of "unix:PATH"; empty when `listen` is something else.
std::string_view UnixPath(std::string_view listen);

// kFailedPrecondition or kInvalidArgument with a sentence that says which flags would make it right.
base::Status CheckForServing(const Config& config);

}  // namespace lares::app
