// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/schema_prepare.h"

#include <nlohmann/json.hpp>

#include "backend/llama/pattern.h"

namespace lares::backend::llama {
namespace {

using nlohmann::ordered_json;  // the order of properties is part of the prompt

class Preparation {
 public:
  explicit Preparation(SchemaRigour rigour) : relax_(rigour == SchemaRigour::kBounded) {}

  // Within "properties" keys are names, not keywords.
  void Visit(ordered_json& node, bool names) {
    if (node.is_array()) {
      for (ordered_json& item : node) Visit(item, false);
    }
    if (!node.is_object()) return;
    for (auto it = node.begin(); it != node.end();) {
      if (!names && relax_ && Impossible(it.key(), it.value())) {
        it = node.erase(it);
        changed_ = true;
        continue;
      }
      if (!names && it.key() == "pattern" && it.value().is_string()) Rewrite(it.value());
      Visit(it.value(),
            !names && (it.key() == "properties" || it.key() == "$defs" || it.key() == "definitions"));
      ++it;
    }
  }
  bool changed() const { return changed_; }

 private:
  static bool Impossible(const std::string& key, const ordered_json& value) {
    if (key == "pattern" && value.is_string()) {
      const auto& text = value.get_ref<const std::string&>();
      return text.size() > kMaxPatternBytes || !WhyPatternFails(text, kMaxSchemaRepeat).empty();
    }
    const bool length = key == "minLength" || key == "maxLength" || key == "minItems" || key == "maxItems";
    return length && value.is_number() &&
           (value < 0 || value > kMaxSchemaRepeat || !value.is_number_integer());
  }

  void Rewrite(ordered_json& value) {
    const auto& text = value.get_ref<const std::string&>();
    if (!WhyPatternFails(text, kMaxSchemaRepeat).empty()) return;
    std::string safe = JsonSafePattern(text);
    if (safe == text) return;
    value = std::move(safe);
    changed_ = true;
  }

  bool relax_;
  bool changed_ = false;
};

}  // namespace

std::string PrepareSchema(const std::string& schema, SchemaRigour rigour) {
  ordered_json root = ordered_json::parse(schema, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) return schema;
  Preparation preparation(rigour);
  preparation.Visit(root, false);
  return preparation.changed() ? root.dump() : schema;
}

}  // namespace lares::backend::llama
