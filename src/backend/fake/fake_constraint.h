// SPDX-License-Identifier: Apache-2.0
//
// The grammars that the fake model knows, enough to drive the path of a grammar without a grammar engine:
//   chars:abc       any number of the bytes a, b and c, then the end
//   literal:TEXT    exactly the bytes of TEXT, then the end
//   fails:N         any bytes; gives up after N of them, as one does whose readings become too many
#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "sampling/constraint.h"

namespace lares::backend {

// kInvalidArgument for anything else.
base::Result<std::unique_ptr<sampling::Constraint>> MakeFakeConstraint(std::string_view grammar);

}  // namespace lares::backend
