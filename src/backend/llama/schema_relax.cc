// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/schema_relax.h"

#include <nlohmann/json.hpp>

#include "backend/llama/pattern_check.h"
#include "backend/llama/schema_check.h"

namespace lares::backend::llama {
namespace {

using nlohmann::ordered_json;  // the order of properties is part of the prompt

bool Impossible(const std::string& key, const ordered_json& value) {
  if (key == "pattern" && value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return text.size() > kMaxPatternBytes || !WhyPatternFails(text, kMaxSchemaRepeat).empty();
  }
  const bool length = key == "minLength" || key == "maxLength" || key == "minItems" || key == "maxItems";
  return length && value.is_number() && (value < 0 || value > kMaxSchemaRepeat || !value.is_number_integer());
}

// Within "properties" keys are names, not keywords.
bool Relax(ordered_json& node, bool names) {
  bool changed = false;
  if (node.is_array()) {
    for (ordered_json& item : node) changed = Relax(item, false) || changed;
  }
  if (!node.is_object()) return changed;
  for (auto it = node.begin(); it != node.end();) {
    if (!names && Impossible(it.key(), it.value())) {
      it = node.erase(it);
      changed = true;
      continue;
    }
    changed = Relax(it.value(), !names && (it.key() == "properties" || it.key() == "$defs")) || changed;
    ++it;
  }
  return changed;
}

}  // namespace

std::string RelaxSchema(const std::string& schema) {
  ordered_json root = ordered_json::parse(schema, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded() || !Relax(root, false)) return schema;
  return root.dump();
}

}  // namespace lares::backend::llama
