// SPDX-License-Identifier: Apache-2.0
//
// A client's JSON schema before a grammar is made of it: bounded in size, nesting, repetitions and expansion,
// and without anything the grammar would silently not hold. Pure; includes nothing of the library.
//
// Errors are kInvalidArgument with the place as `param`, e.g.
// "response_format.json_schema.schema.properties.a.patternProperties".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace lares::backend::llama {

enum class SchemaRigour : std::uint8_t {
  kExact,    // the answer must satisfy the schema: a keyword that cannot be enforced is an error
  kBounded,  // arguments of a tool: what cannot be enforced is left to the model, but everything stays
             // bounded
};

// `where` is the name of the schema in the request.
base::Status CheckSchema(std::string_view schema, const std::string& where, SchemaRigour rigour);

inline constexpr std::size_t kMaxSchemaBytes = 64U << 10U;
inline constexpr std::size_t kMaxSchemaDepth = 32;         // schemas within schemas
inline constexpr std::size_t kMaxSchemaProperties = 1000;  // over all objects
inline constexpr std::size_t kMaxObjectProperties = 256;   // of one object
inline constexpr std::size_t kMaxEnumValues = 1000;        // over all enums
inline constexpr std::int64_t kMaxSchemaRepeat = 1000;     // minItems, maxItems, minLength, maxLength, {n,m}
inline constexpr std::size_t kMaxPatternBytes = 256;
inline constexpr std::size_t kMaxNameBytes = 256;     // a property, a $ref
inline constexpr std::size_t kMaxSchemaNodes = 4000;  // after expanding lists of types

}  // namespace lares::backend::llama
