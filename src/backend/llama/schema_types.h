// SPDX-License-Identifier: Apache-2.0
//
// Which types of JSON values the grammar of a schema can make, read as the grammar maker reads it: references
// first, then alternatives, values, the type, and without a type the keywords that belong to one. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace lares::backend::llama {

// A bit for each type; "number" includes the bit of "integer".
using TypeSet = std::uint32_t;

// Nothing for a name that is no type.
TypeSet TypeNamed(std::string_view name);

TypeSet TypeOfValue(const nlohmann::json& value);

// Of a schema's "type", a name or a list of names; everything when there is none.
TypeSet TypesDeclared(const nlohmann::json& schema);

// `root`: where references lead. What cannot be told may be anything.
TypeSet TypesMade(const nlohmann::json& root, const nlohmann::json& schema);

// Whether a string's "format" is one that the grammar holds; others are remarks.
bool IsHeldFormat(const nlohmann::json& schema);

}  // namespace lares::backend::llama
