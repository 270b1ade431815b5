// SPDX-License-Identifier: Apache-2.0
//
// Descriptors for connections: each takes one, and the soft limit that a shell or a service manager gives a
// process is usually 1024.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/log.h"

namespace lares::app {

// What a server opens beside its connections: files, event loops, the listening socket.
inline constexpr std::uint64_t kOtherDescriptors = 128;

struct DescriptorPlan {
  std::uint64_t soft = 0;       // limit to set; the present one where that is enough
  std::size_t connections = 0;  // at most what was asked for, at least 1
};

// Pure.
DescriptorPlan PlanDescriptors(std::size_t connections, std::uint64_t soft, std::uint64_t hard);

// Raises this process's soft limit as far as `connections` need it, and answers how many there is room for:
// when fewer, one line of the log says so.
std::size_t MakeRoomForConnections(std::size_t connections, base::Logger& log);

}  // namespace lares::app
