// SPDX-License-Identifier: Apache-2.0
//
// Who asks. Made by a transport's authentication, carried unchanged through service to the engine.
#pragma once

#include <cstdint>
#include <string>

namespace lares::core {

// What a principal may do. Operations of `service` name the permission they need; a principal holds a set.
enum class Permission : std::uint32_t {
  kGenerate = 1U << 0,     // completions, chat
  kEmbed = 1U << 1,        // embeddings
  kTokenize = 1U << 2,     // tokenize, detokenize, count
  kReadModels = 1U << 3,   // list and describe models
  kReadMetrics = 1U << 4,  // metrics and detailed health
  kNone = 1U << 5,         // open to everyone, also without a key: liveness and readiness
};

using PermissionSet = std::uint32_t;
inline constexpr PermissionSet kAllPermissions = (1U << 6) - 1;

inline bool Holds(PermissionSet set, Permission permission) {
  return permission == Permission::kNone || (set & static_cast<std::uint32_t>(permission)) != 0;
}

struct Principal {
  std::string id;                  // the key's id, or "local" where no key is required
  std::string tenant = "default";  // caches and fairness are separated by tenant
  PermissionSet permissions = 0;

  bool operator==(const Principal&) const = default;
};

}  // namespace lares::core
