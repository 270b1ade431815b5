// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/schema_refs.h"

#include <charconv>
#include <string_view>

#include <nlohmann/json.hpp>

namespace lares::backend::llama {
namespace {

using nlohmann::json;

constexpr int kMaxHops = 16;

const json* Step(const json& from, std::string_view name) {
  if (from.is_object()) {
    const auto it = from.find(std::string(name));
    return it == from.end() ? nullptr : &*it;
  }
  if (!from.is_array()) return nullptr;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  const bool whole = error == std::errc() && end == name.data() + name.size();
  return whole && index < from.size() ? &from[index] : nullptr;
}

// "#/$defs/a" -> that place; null when there is none.
const json* Resolve(const json& root, std::string_view ref) {
  const json* at = &root;
  ref.remove_prefix(2);
  while (at != nullptr) {
    const std::size_t slash = ref.find('/');
    at = Step(*at, ref.substr(0, slash));
    if (slash == std::string_view::npos) break;
    ref.remove_prefix(slash + 1);
  }
  return at;
}

}  // namespace

const json* ResolveRef(const json& root, const json& ref) {
  const json* at = &ref;
  for (int hop = 0; hop < kMaxHops; ++hop) {
    if (!at->is_string() || !at->get_ref<const std::string&>().starts_with("#/")) return nullptr;
    const json* target = Resolve(root, at->get_ref<const std::string&>());
    if (target == nullptr || !target->is_object() || !target->contains("$ref")) return target;
    at = &target->at("$ref");
  }
  return nullptr;
}

std::string WhyRefFails(const json& root, const json& ref, std::size_t max_bytes) {
  const json* at = &ref;
  for (int hop = 0; hop < kMaxHops; ++hop) {
    if (!at->is_string()) return "must be a text";
    const auto& text = at->get_ref<const std::string&>();
    if (text.size() > max_bytes) return "is too long";
    if (!text.starts_with("#/")) return "is not supported: only references within the schema (#/...) are";
    const json* target = Resolve(root, text);
    if (target == nullptr || !target->is_object()) return "leads to no schema";
    if (!target->contains("$ref")) return "";
    at = &target->at("$ref");
  }
  return "goes round in a circle";
}

}  // namespace lares::backend::llama
