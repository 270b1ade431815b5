// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/schema_merge.h"

#include <algorithm>
#include <set>
#include <vector>

#include <nlohmann/json.hpp>

#include "backend/llama/schema_refs.h"
#include "backend/llama/schema_types.h"
#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

using nlohmann::json;
using Parts = std::vector<const json*>;

std::string Place(std::size_t part) { return Sentence(".allOf[", part, "]"); }

bool IsObject(const json& part) { return part.contains("properties"); }
bool IsList(const json& part) { return part.contains("enum") && !part.contains("const"); }

std::optional<Objection> CheckKinds(const Parts& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!IsObject(*parts[i]) && !IsList(*parts[i])) {
      return Objection{Place(i), "only objects with properties, and enums, can be merged"};
    }
    if (IsObject(*parts[i]) != IsObject(*parts.front())) {
      return Objection{Place(i), "an object and an enum cannot be merged"};
    }
    // It would be merged once for each type, and nothing of it be required.
    if (parts[i]->contains("type") && parts[i]->at("type").is_array()) {
      return Objection{Place(i) + ".type", "a part of allOf has one type"};
    }
  }
  return std::nullopt;
}

std::optional<Objection> CheckProperties(const Parts& parts) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (const auto& [name, property] : parts[i]->at("properties").items()) {
      if (names.insert(name).second) continue;
      return Objection{Sentence(Place(i), ".properties.", name), "an earlier part has it, too"};
    }
  }
  return std::nullopt;
}

std::optional<Objection> CheckLists(const Parts& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const json& values = parts[i]->at("enum");
    for (const json& value : values) {
      if (std::ranges::count(values, value) > 1)
        return Objection{Place(i) + ".enum", "it names a value twice"};
    }
  }
  const bool common = std::ranges::any_of(parts.front()->at("enum"), [&](const json& value) {
    return std::ranges::all_of(parts, [&](const json* part) {
      return std::ranges::find(part->at("enum"), value) != part->at("enum").end();
    });
  });
  return common ? std::nullopt : std::optional<Objection>({".allOf", "its enums have no value in common"});
}

// With a type that the parts cannot have, the grammar would hold that type alone.
std::optional<Objection> CheckType(const json& root, const json& schema) {
  if (!schema.contains("type")) return std::nullopt;
  if ((TypesDeclared(schema) & ~(TypeNamed("object") | TypeNamed("string"))) != 0) {
    return Objection{".allOf", "it belongs to objects and strings only"};
  }
  const json parts = {{"allOf", schema.at("allOf")}};
  if ((TypesMade(root, parts) & ~TypesDeclared(schema)) == 0) return std::nullopt;
  return Objection{".type", "it is narrower than the allOf beside it"};
}

}  // namespace

std::optional<Objection> WhyPartsDoNotMerge(const json& root, const json& schema) {
  Parts parts;
  for (const json& part : schema.at("allOf")) {
    parts.push_back(part.contains("$ref") ? ResolveRef(root, part.at("$ref")) : &part);
  }
  if (auto objection = CheckKinds(parts)) return objection;
  if (auto objection = IsObject(*parts.front()) ? CheckProperties(parts) : CheckLists(parts))
    return objection;
  return CheckType(root, schema);
}

}  // namespace lares::backend::llama
