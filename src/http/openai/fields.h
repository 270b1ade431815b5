// SPDX-License-Identifier: Apache-2.0
//
// Reads the members of a JSON object, each with its type and bounds. The first thing that is wrong is kept,
// with the member's full name ("messages[2].role"); what is read after that is absent. So a parser reads all
// it wants and asks for the error once. null counts as absent, as in OpenAI's API. Not thread safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/openai/json.h"

namespace lares::http::openai {

class Fields {
 public:
  // `object` must be an object and outlive this, and so must `status`, where the first error goes. `path` is
  // the object's own name, empty for the body.
  Fields(const Json& object, std::string path, base::Status& status)
      : object_(object), path_(std::move(path)), status_(status) {}

  bool ok() const { return status_.has_value(); }
  bool Has(const char* name) const { return Get(name) != nullptr; }

  std::optional<std::string> String(const char* name);
  std::optional<bool> Bool(const char* name);
  std::optional<double> Number(const char* name);
  std::optional<std::int64_t> Integer(const char* name, std::int64_t low, std::int64_t high);
  const Json* Object(const char* name);
  const Json* Array(const char* name);
  const Json* Any(const char* name) const { return ok() ? Get(name) : nullptr; }

  // Fields of an object member.
  std::string PathOf(std::string_view name) const;
  void Fail(std::string_view name, std::string message, std::string reason = {});
  base::Status& status() const { return status_; }
  const Json* self() const { return &object_; }

 private:
  const Json* Get(const char* name) const;  // null when absent or null
  const Json* Typed(const char* name, bool (*is)(const Json&), const char* wanted);

  const Json& object_;
  const std::string path_;
  base::Status& status_;
};

// "a string", "an object", ...: for messages.
const char* TypeWord(const Json& value);

// The value as an integer, also when it is written 3.0. Nothing when it is none, or beyond 64 bits.
std::optional<std::int64_t> AsInteger(const Json& value);

}  // namespace lares::http::openai
