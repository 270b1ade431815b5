// SPDX-License-Identifier: Apache-2.0
//
// Foreign JSON before anybody parses it: size and nesting, so that no recursive reader or writer of it can
// run out of stack. Pure; includes nothing of the library.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.h"

namespace lares::backend::llama {

inline constexpr std::size_t kMaxJsonDepth = 100;

// kInvalidArgument with a sentence; brackets are counted, not matched.
base::Status CheckJsonText(std::string_view text, std::size_t max_bytes,
                           std::size_t max_depth = kMaxJsonDepth);

}  // namespace lares::backend::llama
