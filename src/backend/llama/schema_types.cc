// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/schema_types.h"

#include <array>
#include <cmath>
#include <string>

#include <nlohmann/json.hpp>

#include "backend/llama/schema_refs.h"

namespace lares::backend::llama {
namespace {

using nlohmann::json;

constexpr TypeSet kNull = 1, kBoolean = 2, kInteger = 4, kNumber = 4 | 8, kString = 16, kArray = 32,
                  kObject = 64;
constexpr TypeSet kAll = 127;
// References may go round, and branch each time.
constexpr int kMaxDepth = 64;
constexpr int kMaxSteps = 500;

TypeSet TypesOfList(const json& list, const auto& type_of) {
  TypeSet types = 0;
  for (const json& entry : list) types |= type_of(entry);
  return types;
}

bool Has(const json& schema, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    if (schema.contains(key)) return true;
  }
  return false;
}

class Reader {
 public:
  explicit Reader(const json& root) : root_(root) {}

  TypeSet Made(const json& schema, int depth) {
    if (!schema.is_object() || depth > kMaxDepth || ++steps_ > kMaxSteps) return kAll;
    const auto made = [&](const json& inner) { return Made(inner, depth + 1); };
    if (schema.contains("$ref")) {
      const json* target = ResolveRef(root_, schema.at("$ref"));
      return target != nullptr ? made(*target) : kAll;
    }
    for (const char* key : {"oneOf", "anyOf"}) {
      if (schema.contains(key)) return TypesOfList(schema.at(key), made);
    }
    if (schema.contains("const")) return TypeOfValue(schema.at("const"));
    if (schema.contains("enum")) return TypesOfList(schema.at("enum"), TypeOfValue);
    if (schema.contains("type")) return TypesDeclared(schema);
    const bool closed = schema.contains("additionalProperties") && schema.at("additionalProperties") != true;
    if (schema.contains("properties") || closed) return kObject;
    if (schema.contains("allOf")) {
      TypeSet types = kAll;
      for (const json& part : schema.at("allOf")) types &= made(part);
      return types;
    }
    if (Has(schema, {"items", "prefixItems"})) return kArray;
    if (Has(schema, {"pattern", "minLength", "maxLength"}) || IsHeldFormat(schema)) return kString;
    return kAll;
  }

 private:
  const json& root_;
  int steps_ = 0;
};

}  // namespace

TypeSet TypeNamed(std::string_view name) {
  if (name == "null") return kNull;
  if (name == "boolean") return kBoolean;
  if (name == "integer") return kInteger;
  if (name == "number") return kNumber;
  if (name == "string") return kString;
  if (name == "array") return kArray;
  return name == "object" ? kObject : 0;
}

TypeSet TypeOfValue(const json& value) {
  if (value.is_null()) return kNull;
  if (value.is_boolean()) return kBoolean;
  if (value.is_number_integer()) return kInteger;
  if (value.is_number()) {
    const double number = value.get<double>();
    return number == std::floor(number) ? kInteger : (kNumber & ~kInteger);
  }
  if (value.is_string()) return kString;
  return value.is_array() ? kArray : kObject;
}

TypeSet TypesDeclared(const json& schema) {
  if (!schema.contains("type")) return kAll;
  const auto named = [](const json& name) {
    return name.is_string() ? TypeNamed(name.get_ref<const std::string&>()) : 0;
  };
  const json& type = schema.at("type");
  return type.is_array() ? TypesOfList(type, named) : named(type);
}

TypeSet TypesMade(const json& root, const json& schema) { return Reader(root).Made(schema, 0); }

bool IsHeldFormat(const json& schema) {
  if (!schema.contains("format") || !schema.at("format").is_string()) return false;
  const auto& format = schema.at("format").get_ref<const std::string&>();
  if (format == "date" || format == "time" || format == "date-time" || format == "uuid") return true;
  return format.size() == 5 && format.starts_with("uuid") && format[4] >= '1' && format[4] <= '5';
}

}  // namespace lares::backend::llama
