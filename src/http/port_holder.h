// SPDX-License-Identifier: Apache-2.0
//
// Who listens on a port that we wanted: looked up in /proc, as far as this user may read it. Blocking; for
// error messages only.
#pragma once

#include <cstdint>
#include <string>

namespace lares::http {

// "pid 1234 (nginx)", or an empty string when it cannot be told.
std::string HolderOfTcpPort(std::uint16_t port);
std::string HolderOfUnixSocket(const std::string& path);

}  // namespace lares::http
