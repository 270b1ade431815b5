// SPDX-License-Identifier: Apache-2.0
//
// Where a server is. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace lares::cli {

// "http://host:port", "https://host/prefix" or "unix:/path".
struct Url {
  std::string base;         // what paths are appended to, without a slash at its end
  std::string socket_path;  // of a Unix socket; empty: TCP
  std::string shown;        // for messages
};

// Tolerates what people paste: a slash or "/v1" at the end, and no scheme at all.
base::Result<Url> ParseUrl(std::string_view text);

}  // namespace lares::cli
