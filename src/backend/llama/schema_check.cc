// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/schema_check.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <set>
#include <span>
#include <vector>

#include <nlohmann/json.hpp>

#include "backend/llama/json_text.h"
#include "backend/llama/pattern.h"
#include "backend/llama/schema_merge.h"
#include "backend/llama/schema_refs.h"
#include "backend/llama/schema_types.h"
#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Error;
using base::Fail;
using base::Status;
using nlohmann::json;

// Say nothing about which values are right.
constexpr std::array<std::string_view, 17> kAnnotations = {
    "title",       "description",     "default",          "examples",      "example",   "$schema",
    "$id",         "$comment",        "deprecated",       "readOnly",      "writeOnly", "$defs",
    "definitions", "contentEncoding", "contentMediaType", "discriminator", "strict"};

// What the grammar holds, by the type of the value.
constexpr std::array<std::string_view, 3> kOfObject = {"properties", "required", "additionalProperties"};
constexpr std::array<std::string_view, 4> kOfArray = {"items", "prefixItems", "minItems", "maxItems"};
constexpr std::array<std::string_view, 4> kOfString = {"pattern", "format", "minLength", "maxLength"};
constexpr std::array<std::string_view, 4> kOfInteger = {"minimum", "maximum", "exclusiveMinimum",
                                                        "exclusiveMaximum"};
constexpr std::array<std::string_view, 7> kTypes = {"object", "array",   "string", "integer",
                                                    "number", "boolean", "null"};

bool In(std::span<const std::string_view> list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

class SchemaChecker {
 public:
  SchemaChecker(const json& root, SchemaRigour rigour)
      : root_(root), exact_(rigour == SchemaRigour::kExact) {}

  // `weight`: how often this place is expanded because of lists of types above it.
  Status Check(const json& schema, const std::string& where, std::size_t depth, std::size_t weight) {
    if (!schema.is_object()) return Bad(where, "must be a schema, an object");
    if (depth > kMaxSchemaDepth)
      return Bad(where, Sentence("is nested more than ", kMaxSchemaDepth, " deep"));
    nodes_ += weight;
    if (nodes_ > kMaxSchemaNodes)
      return Bad(where, "makes the schema too large once lists of types are expanded");
    if (auto ok = CheckDefinitions(schema, where, depth); !ok) return ok;
    if (schema.contains("$ref")) return CheckRef(schema, where, depth);
    for (const char* key : {"oneOf", "anyOf"}) {
      if (schema.contains(key)) return CheckAlternatives(schema, key, where, depth, weight);
    }
    const auto types = Types(schema, where);
    if (!types) return Fail(types.error());
    if (auto ok = CheckKeywords(schema, *types, where); !ok) return ok;
    if (auto ok = CheckValues(schema, where); !ok) return ok;
    if (auto ok = CheckTogether(schema, where); !ok) return ok;
    const std::size_t inner = weight * std::max<std::size_t>(1, types->size());
    if (schema.contains("allOf")) return CheckAllOf(schema, where, depth, inner);
    if (auto ok = CheckObject(schema, where, depth, inner); !ok) return ok;
    return CheckArray(schema, where, depth, inner);
  }

 private:
  static Status Bad(const std::string& where, const std::string& what) {
    return Fail(Error(Code::kInvalidArgument, Sentence(where, " ", what))
                    .WithReason("invalid_schema")
                    .WithParam(where));
  }
  Status Unsupported(const std::string& where, const std::string& why) const {
    return exact_ ? Bad(where, "is not supported: " + why) : Status{};
  }

  // All keywords but `allowed` and annotations are in the way.
  Status OnlyBeside(const json& schema, std::string_view allowed, const std::string& where) const {
    for (const auto& [key, value] : schema.items()) {
      if (key == allowed || In(kAnnotations, key) || key == "type") continue;
      if (auto ok = Unsupported(where + "." + key, Sentence("it cannot stand beside ", allowed)); !ok)
        return ok;
    }
    return {};
  }

  // What stands beside `key` alone decides; a "type" must say no more than that.
  Status TypeIsImplied(const json& schema, const std::string& key, const std::string& where) const {
    if ((TypesMade(root_, schema) & ~TypesDeclared(schema)) == 0) return {};
    return Unsupported(where + ".type", Sentence("it is narrower than the ", key, " beside it"));
  }

  // Keywords of which the grammar holds one and drops the other.
  Status CheckTogether(const json& schema, const std::string& where) const {
    if (schema.contains("const") || schema.contains("enum")) return CheckBesideValues(schema, where);
    const bool held_format = IsHeldFormat(schema);
    std::vector<std::array<std::string, 2>> both;  // the first is held
    for (const char* length : {"minLength", "maxLength"}) {
      both.push_back({"pattern", length});
      if (held_format) both.push_back({"format", length});
    }
    if (held_format) both.push_back({"pattern", "format"});
    both.push_back({"minimum", "exclusiveMinimum"});
    both.push_back({"maximum", "exclusiveMaximum"});
    for (const auto& [held, dropped] : both) {
      if (!schema.contains(held) || !schema.contains(dropped)) continue;
      if (auto ok = Unsupported(where + "." + dropped, Sentence("it cannot stand beside ", held)); !ok)
        return ok;
    }
    const bool array = schema.contains("type") || schema.contains("items") ||
                       schema.contains("prefixItems") || schema.contains("properties");
    for (const char* key : {"minItems", "maxItems"}) {
      if (array || !schema.contains(key)) continue;
      if (auto ok = Unsupported(Sentence(where, ".", key), "say \"type\": \"array\" beside it"); !ok)
        return ok;
    }
    return {};
  }

  Status CheckBesideValues(const json& schema, const std::string& where) const {
    const std::string key = schema.contains("const") ? "const" : "enum";
    for (const auto& [other, value] : schema.items()) {
      if (other == key || other == "type" || In(kAnnotations, other)) continue;
      // A list that the one value is in adds nothing; some generators write both.
      const bool listed = other == "enum" && std::ranges::find(value, schema.at("const")) != value.end();
      if (listed) continue;
      if (auto ok = Unsupported(where + "." + other, Sentence("it cannot stand beside ", key)); !ok)
        return ok;
    }
    return TypeIsImplied(schema, key, where);
  }

  Status CheckDefinitions(const json& schema, const std::string& where, std::size_t depth) {
    for (const std::string key : {"$defs", "definitions"}) {
      if (!schema.contains(key)) continue;
      const json& definitions = schema.at(key);
      if (!definitions.is_object()) return Bad(where + "." + key, "must be an object of schemas");
      for (const auto& [name, definition] : definitions.items()) {
        if (auto ok = Check(definition, Sentence(where, ".", key, ".", name), depth + 1, 1); !ok) return ok;
      }
    }
    return {};
  }

  Status CheckRef(const json& schema, const std::string& where, std::size_t depth) {
    if (auto ok = OnlyBeside(schema, "$ref", where); !ok) return ok;
    const json& ref = schema.at("$ref");
    if (const std::string why = WhyRefFails(root_, ref, kMaxNameBytes); !why.empty()) {
      return Bad(where + ".$ref", why);
    }
    if (auto ok = TypeIsImplied(schema, "$ref", where); !ok) return ok;
    // It may lead to a place that is not walked over otherwise, such as a default.
    const json* target = ResolveRef(root_, ref);
    if (!referred_.insert(target).second) return {};
    return Check(*target, where + ".$ref", depth + 1, 1);
  }

  Status CheckAlternatives(const json& schema, const std::string& key, const std::string& where,
                           std::size_t depth, std::size_t weight) {
    if (auto ok = OnlyBeside(schema, key, where); !ok) return ok;
    const json& list = schema.at(key);
    if (!list.is_array() || list.empty()) return Bad(where + "." + key, "must be a list of schemas");
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (auto ok = Check(list[i], Sentence(where, ".", key, "[", i, "]"), depth + 1, weight); !ok) return ok;
    }
    return TypeIsImplied(schema, key, where);
  }

  Status CheckAllOf(const json& schema, const std::string& where, std::size_t depth, std::size_t weight) {
    if (auto ok = OnlyBeside(schema, "allOf", where); !ok) return ok;
    const json& list = schema.at("allOf");
    if (!list.is_array() || list.empty()) return Bad(where + ".allOf", "must be a list of schemas");
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (auto ok = Check(list[i], Sentence(where, ".allOf[", i, "]"), depth + 1, weight); !ok) return ok;
    }
    if (!exact_) return {};
    const auto objection = WhyPartsDoNotMerge(root_, schema);
    return objection ? Unsupported(where + objection->place, objection->why) : Status{};
  }

  base::Result<std::vector<std::string>> Types(const json& schema, const std::string& where) const {
    std::vector<std::string> types;
    if (!schema.contains("type")) return types;
    const json& type = schema.at("type");
    const json list = type.is_array() ? type : json::array({type});
    for (const json& entry : list) {
      if (!entry.is_string() || !In(kTypes, entry.get_ref<const std::string&>())) {
        return Fail(Bad(where + ".type",
                        "must be object, array, string, integer, number, boolean or null, or a list "
                        "of these")
                        .error());
      }
      if (std::ranges::find(types, entry.get<std::string>()) != types.end()) {
        return Fail(Bad(where + ".type", "names a type twice").error());
      }
      types.push_back(entry);
    }
    if (types.empty()) return Fail(Bad(where + ".type", "must not be empty").error());
    return types;
  }

  static bool Held(const json& schema, const std::vector<std::string>& types, std::string_view key) {
    const auto has = [&](const char* type) {
      return types.empty() || std::ranges::find(types, type) != types.end();
    };
    if (In(kOfObject, key)) return has("object");
    if (In(kOfArray, key)) return has("array");
    if (In(kOfString, key)) return has("string");
    // Bounds of numbers other than whole ones are not in the grammar.
    if (In(kOfInteger, key))
      return !types.empty() && has("integer") && std::ranges::find(types, "number") == types.end();
    if (key == "uniqueItems") return schema.at("uniqueItems") == false;
    return key == "type" || key == "enum" || key == "const" || key == "allOf" || In(kAnnotations, key);
  }

  static std::string WhyNotHeld(std::string_view key) {
    if (In(kOfInteger, key)) return "bounds are held for type integer only";
    if (In(kOfObject, key) || In(kOfArray, key) || In(kOfString, key))
      return "it does not belong to this type";
    return "the answer cannot be held to it";
  }

  Status CheckKeywords(const json& schema, const std::vector<std::string>& types,
                       const std::string& where) const {
    for (const auto& [key, value] : schema.items()) {
      if (Held(schema, types, key)) continue;
      if (auto ok = Unsupported(where + "." + key, WhyNotHeld(key)); !ok) return ok;
    }
    return {};
  }

  Status CheckValues(const json& schema, const std::string& where) {
    if (schema.contains("enum")) {
      const json& values = schema.at("enum");
      if (!values.is_array() || values.empty()) return Bad(where + ".enum", "must be a list of values");
      enums_ += values.size();
      if (enums_ > kMaxEnumValues)
        return Bad(where + ".enum", Sentence("makes more than ", kMaxEnumValues, " values"));
    }
    for (const char* key : {"minLength", "maxLength", "minItems", "maxItems"}) {
      if (!schema.contains(key)) continue;
      const json& value = schema.at(key);
      const bool right = value.is_number_integer() && value >= 0 && value <= kMaxSchemaRepeat;
      if (!right) return Bad(Sentence(where, ".", key), Sentence("must be 0 to ", kMaxSchemaRepeat));
    }
    for (const std::string_view key : kOfInteger) {
      const std::string name(key);
      if (schema.contains(name) && !schema.at(name).is_number())
        return Bad(where + "." + name, "must be a number");
    }
    return CheckPattern(schema, where);
  }

  Status CheckPattern(const json& schema, const std::string& where) const {
    if (schema.contains("format") && !schema.at("format").is_string())
      return Bad(where + ".format", "must be a text");
    if (!schema.contains("pattern")) return {};
    const json& pattern = schema.at("pattern");
    if (!pattern.is_string()) return Bad(where + ".pattern", "must be a regular expression");
    const auto& text = pattern.get_ref<const std::string&>();
    if (text.size() > kMaxPatternBytes) {
      return Bad(where + ".pattern", Sentence("has more than ", kMaxPatternBytes, " bytes"));
    }
    const std::string why = WhyPatternFails(text, kMaxSchemaRepeat);
    return why.empty() ? Status{} : Unsupported(where + ".pattern", why);
  }

  Status CheckObject(const json& schema, const std::string& where, std::size_t depth, std::size_t weight) {
    if (schema.contains("properties")) {
      const json& properties = schema.at("properties");
      if (!properties.is_object()) return Bad(where + ".properties", "must be an object of schemas");
      properties_ += properties.size() * weight;
      if (properties.size() > kMaxObjectProperties || properties_ > kMaxSchemaProperties) {
        return Bad(where + ".properties",
                   Sentence("makes more than ", kMaxObjectProperties, " properties of one object, or ",
                            kMaxSchemaProperties, " in all"));
      }
      for (const auto& [name, property] : properties.items()) {
        const std::string inner = Sentence(where, ".properties.", name);
        if (name.size() > kMaxNameBytes) return Bad(where + ".properties", "has a name that is too long");
        if (auto ok = Check(property, inner, depth + 1, weight); !ok) return ok;
      }
    }
    if (auto ok = CheckRequired(schema, where); !ok) return ok;
    if (!schema.contains("additionalProperties") || schema.at("additionalProperties").is_boolean()) return {};
    return Check(schema.at("additionalProperties"), where + ".additionalProperties", depth + 1, weight);
  }

  Status CheckRequired(const json& schema, const std::string& where) const {
    if (!schema.contains("required")) return {};
    const json& required = schema.at("required");
    const bool names =
        required.is_array() && std::ranges::all_of(required, [](const json& n) { return n.is_string(); });
    if (!names) return Bad(where + ".required", "must be a list of names");
    for (const json& name : required) {
      const bool known = schema.contains("properties") && schema.at("properties").contains(name);
      if (known) continue;
      const std::string why =
          Sentence("\"", name.get_ref<const std::string&>(), "\" is not among the properties");
      if (auto ok = Unsupported(where + ".required", why); !ok) return ok;
    }
    return {};
  }

  Status CheckArray(const json& schema, const std::string& where, std::size_t depth, std::size_t weight) {
    for (const std::string key : {"items", "prefixItems"}) {
      if (!schema.contains(key)) continue;
      const json& items = schema.at(key);
      if (!items.is_array()) {
        if (auto ok = Check(items, where + "." + key, depth + 1, weight); !ok) return ok;
        continue;
      }
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (auto ok = Check(items[i], Sentence(where, ".", key, "[", i, "]"), depth + 1, weight); !ok)
          return ok;
      }
      const char* beside = key == "prefixItems" ? "items" : "prefixItems";
      for (const char* other : {beside, "minItems", "maxItems"}) {
        if (!schema.contains(other)) continue;
        if (auto ok = Unsupported(Sentence(where, ".", other), "a list of single items has this length"); !ok)
          return ok;
      }
    }
    return {};
  }

  const json& root_;
  bool exact_;
  std::size_t nodes_ = 0;
  std::size_t properties_ = 0;
  std::size_t enums_ = 0;
  std::set<const json*> referred_;  // targets of references that were checked
};

}  // namespace

Status CheckSchema(std::string_view schema, const std::string& where, SchemaRigour rigour) {
  if (auto ok = CheckJsonText(schema, kMaxSchemaBytes); !ok) {
    return Fail(Error(Code::kInvalidArgument, Sentence(where, ": ", ok.error().message()))
                    .WithReason("invalid_schema")
                    .WithParam(where));
  }
  const json root = json::parse(schema, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) {
    return Fail(Error(Code::kInvalidArgument, Sentence(where, " is no valid JSON"))
                    .WithReason("invalid_schema")
                    .WithParam(where));
  }
  return SchemaChecker(root, rigour).Check(root, where, 1, 1);
}

}  // namespace lares::backend::llama
