// SPDX-License-Identifier: Apache-2.0
//
// Writes JSON straight into a string: answers and stream chunks are built by the thousand, and their shapes
// are fixed. The caller keeps the order right (a key before each value of an object); commas and escapes come
// by themselves. Strings may hold any bytes: what is not UTF-8 becomes U+FFFD. Not thread safe.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace lares::http::openai {

// `text` as a JSON string with its quotes.
void AppendJsonString(std::string& out, std::string_view text);
// The shortest number that reads back as `value`; what JSON cannot say (infinity, NaN) becomes -9999, as
// OpenAI does for probabilities of zero.
void AppendJsonNumber(std::string& out, double value);

class JsonWriter {
 public:
  // Appends to `out`, which must outlive it.
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view key);        // one of our own words: not escaped
  JsonWriter& RawKey(std::string_view quoted);  // already a JSON string

  JsonWriter& String(std::string_view value);
  JsonWriter& Number(double value);
  JsonWriter& Integer(std::int64_t value);
  JsonWriter& Bool(bool value) { return Raw(value ? "true" : "false"); }
  JsonWriter& Null() { return Raw("null"); }
  // JSON text as it is.
  JsonWriter& Raw(std::string_view json);

  // "key": value
  JsonWriter& Field(std::string_view key, std::string_view value) { return Key(key).String(value); }
  JsonWriter& Field(std::string_view key, const char* value) { return Key(key).String(value); }
  template <std::integral T>
  JsonWriter& Field(std::string_view key, T value) {
    if constexpr (std::same_as<T, bool>) {
      return Key(key).Bool(value);
    } else {
      return Key(key).Integer(static_cast<std::int64_t>(value));
    }
  }
  JsonWriter& Field(std::string_view key, double value) { return Key(key).Number(value); }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void Separate();

  std::string& out_;
  bool comma_ = false;  // the next key or value needs one before it
};

}  // namespace lares::http::openai
