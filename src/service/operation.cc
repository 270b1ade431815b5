// SPDX-License-Identifier: Apache-2.0
#include "service/operation.h"

#include <string>

namespace lares::service {

std::string_view PermissionWord(core::Permission permission) {
  switch (permission) {
    case core::Permission::kGenerate:
      return "generate";
    case core::Permission::kEmbed:
      return "embed";
    case core::Permission::kTokenize:
      return "tokenize";
    case core::Permission::kReadModels:
      return "models";
    case core::Permission::kReadMetrics:
      return "metrics";
    case core::Permission::kNone:
      return "none";
  }
  return "none";
}

base::Status Permit(const core::Principal& principal, const Operation& operation) {
  if (core::Holds(principal.permissions, operation.permission())) return {};
  return base::Fail(base::Error(base::Code::kPermissionDenied,
                                "the key \"" + principal.id + "\" may not " + std::string(operation.name()) +
                                    ": it lacks the permission \"" +
                                    std::string(PermissionWord(operation.permission())) + "\"")
                        .WithReason("permission_denied"));
}

}  // namespace lares::service
