// SPDX-License-Identifier: Apache-2.0
//
// Foreign JSON, made safe to hold: valid UTF-8, bounded nesting, bounded size in memory. Members keep their
// order, because a schema's order is the order in which a model writes. Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace lares::http::openai {

using Json = nlohmann::ordered_json;

inline constexpr std::size_t kMaxJsonDepth = 64;
inline constexpr std::size_t kMaxJsonValues = 512 * 1024;
inline constexpr std::size_t kMaxJsonMembers = 1100;  // of one object; members are found by walking

// The document, which must be an object. kInvalidArgument with reason "invalid_json" says at which byte.
base::Result<Json> ParseJsonObject(std::string_view text);

}  // namespace lares::http::openai
