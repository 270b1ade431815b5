// SPDX-License-Identifier: Apache-2.0
//
// Which server a command talks to.
#pragma once

#include <memory>
#include <optional>

#include "app/config.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/http_client.h"

namespace lares::cli {

// --url, else the server that holds the data directory, else nothing. A server that has the lock but does
// not listen yet is waited for, up to `patience`.
base::Result<std::optional<Url>> FindServer(const app::Config& config,
                                            base::Duration patience = std::chrono::seconds(10));

// As FindServer, but no server is kUnavailable with what to do about it.
base::Result<Url> RequireServer(const app::Config& config);

// A client for `url` with the key and the authorities of the configuration.
HttpClient::Options ClientOptions(const app::Config& config, const Url& url);

}  // namespace lares::cli
