// SPDX-License-Identifier: Apache-2.0
//
// The one table from error codes to HTTP status numbers, and the answer an error becomes. Pure.
#pragma once

#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace lares::http {

int StatusOf(const base::Error& error);
std::string_view ReasonPhrase(int status);

// OpenAI's error shape, with Retry-After and WWW-Authenticate where they belong.
Response ErrorResponse(const base::Error& error);
// The same with a status of HTTP's own (405, 408, 413, 415, 431), which no canonical code means.
Response ErrorResponse(int status, const base::Error& error);

// The client went before its answer; never sent, but logged and counted (nginx's number for it).
inline constexpr int kStatusClientGone = 499;

}  // namespace lares::http
