// SPDX-License-Identifier: Apache-2.0
//
// What the service layer can do, each with the permission it needs. An Operation cannot be made without one,
// and a transport's route cannot be made without an Operation, so that nothing is ever served that nobody
// thought about (deny by default, checked by the compiler). Plain constants.
#pragma once

#include <string_view>

#include "base/error.h"
#include "core/principal.h"

namespace lares::service {

class Operation {
 public:
  consteval Operation(const char* name, core::Permission permission) : name_(name), permission_(permission) {}

  std::string_view name() const { return name_; }
  core::Permission permission() const { return permission_; }

 private:
  const char* name_;
  core::Permission permission_;
};

namespace operations {
inline constexpr Operation kChat{"chat", core::Permission::kGenerate};
inline constexpr Operation kComplete{"complete", core::Permission::kGenerate};
inline constexpr Operation kEmbed{"embed", core::Permission::kEmbed};
inline constexpr Operation kRank{"rank", core::Permission::kEmbed};
inline constexpr Operation kTokenize{"tokenize", core::Permission::kTokenize};
inline constexpr Operation kDetokenize{"detokenize", core::Permission::kTokenize};
inline constexpr Operation kListModels{"list_models", core::Permission::kReadModels};
inline constexpr Operation kDescribeModel{"describe_model", core::Permission::kReadModels};
inline constexpr Operation kReadMetrics{"read_metrics", core::Permission::kReadMetrics};
// Open: health shows its details only to whom may read metrics (health.h).
inline constexpr Operation kHealth{"health", core::Permission::kNone};
inline constexpr Operation kLiveness{"liveness", core::Permission::kNone};
inline constexpr Operation kReadiness{"readiness", core::Permission::kNone};
inline constexpr Operation kAbout{"about", core::Permission::kNone};
}  // namespace operations

// kPermissionDenied, with the operation's name, unless `principal` holds what `operation` needs.
base::Status Permit(const core::Principal& principal, const Operation& operation);

// The word of a permission in key files and messages: generate, embed, tokenize, models, metrics, none.
std::string_view PermissionWord(core::Permission permission);

}  // namespace lares::service
