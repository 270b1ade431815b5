// SPDX-License-Identifier: Apache-2.0
#include "http/openai/fields.h"

#include <cmath>
#include <limits>

namespace lares::http::openai {

const char* TypeWord(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::boolean:
      return "a boolean";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::object:
      return "an object";
    default:
      return "a number";
  }
}

std::optional<std::int64_t> AsInteger(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  static constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it a double skips integers
  const double number = value.get<double>();
  if (!(std::abs(number) <= kExact) || number != std::floor(number)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

const Json* Fields::Get(const char* name) const {
  const auto it = object_.find(name);
  return it == object_.end() || it->is_null() ? nullptr : &*it;
}

std::string Fields::PathOf(std::string_view name) const {
  if (path_.empty()) return std::string(name);
  return name.empty() ? path_ : path_ + "." + std::string(name);
}

void Fields::Fail(std::string_view name, std::string message, std::string reason) {
  if (!ok()) return;
  status_ = base::Fail(base::Error(base::Code::kInvalidArgument, std::move(message))
                           .WithParam(PathOf(name))
                           .WithReason(reason.empty() ? "invalid_value" : std::move(reason)));
}

const Json* Fields::Typed(const char* name, bool (*is)(const Json&), const char* wanted) {
  const Json* value = Any(name);
  if (value == nullptr) return nullptr;
  if (is(*value)) return value;
  Fail(name, "'" + PathOf(name) + "' must be " + wanted + ", not " + TypeWord(*value), "invalid_type");
  return nullptr;
}

std::optional<std::string> Fields::String(const char* name) {
  const Json* value = Typed(name, [](const Json& v) { return v.is_string(); }, "a string");
  if (value == nullptr) return std::nullopt;
  return value->get_ref<const std::string&>();
}

std::optional<bool> Fields::Bool(const char* name) {
  const Json* value = Typed(name, [](const Json& v) { return v.is_boolean(); }, "a boolean");
  if (value == nullptr) return std::nullopt;
  return value->get<bool>();
}

std::optional<double> Fields::Number(const char* name) {
  const Json* value = Typed(name, [](const Json& v) { return v.is_number(); }, "a number");
  if (value == nullptr) return std::nullopt;
  return value->get<double>();
}

std::optional<std::int64_t> Fields::Integer(const char* name, std::int64_t low, std::int64_t high) {
  const Json* value = Typed(name, [](const Json& v) { return v.is_number(); }, "an integer");
  if (value == nullptr) return std::nullopt;
  const auto number = AsInteger(*value);
  if (number && *number >= low && *number <= high) return number;
  Fail(name, "'" + PathOf(name) + "' must be an integer from " + std::to_string(low) + " to " +
                 std::to_string(high) + ", got " + value->dump());
  return std::nullopt;
}

const Json* Fields::Object(const char* name) {
  return Typed(name, [](const Json& v) { return v.is_object(); }, "an object");
}

const Json* Fields::Array(const char* name) {
  return Typed(name, [](const Json& v) { return v.is_array(); }, "an array");
}

}  // namespace lares::http::openai
