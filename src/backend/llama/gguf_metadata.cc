// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/gguf_metadata.h"

#include <array>
#include <utility>

#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

constexpr std::uint64_t kMaxKeyBytes = 256;
constexpr std::uint64_t kMaxTextBytes = 4U << 20U;   // a value; chat templates have up to 100 KB
constexpr std::uint64_t kMaxItemBytes = 64U << 10U;  // one string of an array: a token, a merge
constexpr std::uint64_t kMaxArrayItems = 16U << 20U;
constexpr std::uint32_t kTypes = 13;

// Bytes of one value; zero for strings and arrays.
constexpr std::array<std::uint32_t, kTypes> kBytes = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
constexpr std::array<std::string_view, kTypes> kNames = {
    "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"};

GgufType ReadType(GgufCursor& cursor, const std::string& key) {
  const std::uint32_t type = cursor.U32();
  if (type < kTypes) return static_cast<GgufType>(type);
  cursor.Fail(Sentence("key '", key, "' has the unknown type ", type, ": the file is damaged or too new"));
  return GgufType::kU8;
}

}  // namespace

std::string_view GgufTypeName(GgufType type) { return kNames[std::to_underlying(type)]; }

void GgufMetadata::Read(GgufCursor& cursor, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count && cursor.ok(); ++i) {
    cursor.Reading(Sentence("the name of key ", i));
    std::string key = cursor.String(kMaxKeyBytes);
    if (cursor.ok() && key.empty()) cursor.Fail(Sentence("key ", i, " has no name"));
    GgufValue value = ReadValue(cursor, key);
    if (!cursor.ok()) return;
    if (!pairs_.emplace(key, std::move(value)).second)
      cursor.Fail(Sentence("key '", key, "' is there twice"));
  }
}

GgufValue GgufMetadata::ReadValue(GgufCursor& cursor, const std::string& key) {
  cursor.Reading(Sentence("the value of key '", key, "'"));
  GgufValue value;
  value.type = ReadType(cursor, key);
  if (value.type == GgufType::kString) {
    value.text = cursor.String(kMaxTextBytes);
  } else if (value.type == GgufType::kArray) {
    ReadArray(cursor, key, value);
  } else {
    value.number = cursor.Unsigned(kBytes[std::to_underlying(value.type)]);
  }
  return value;
}

void GgufMetadata::ReadArray(GgufCursor& cursor, const std::string& key, GgufValue& value) {
  value.item_type = ReadType(cursor, key);
  value.count = cursor.U64();
  if (value.item_type == GgufType::kArray) cursor.Fail(Sentence("key '", key, "' is an array of arrays"));
  if (value.count > kMaxArrayItems) {
    cursor.Fail(
        Sentence("key '", key, "' has ", value.count, " items; at most ", kMaxArrayItems, " are plausible"));
  }
  if (!cursor.ok()) return;
  if (value.item_type == GgufType::kString) {
    for (std::uint64_t i = 0; i < value.count && cursor.ok(); ++i) cursor.SkipString(kMaxItemBytes);
    return;
  }
  const bool integers = value.item_type == GgufType::kU32 || value.item_type == GgufType::kI32;
  if (!integers || value.count > kMaxKeptItems) {
    return cursor.Skip(value.count, kBytes[std::to_underlying(value.item_type)]);
  }
  for (std::uint64_t i = 0; i < value.count && cursor.ok(); ++i) value.numbers.push_back(cursor.U32());
}

const GgufValue* GgufMetadata::Find(std::string_view key) const {
  const auto it = pairs_.find(key);
  return it == pairs_.end() ? nullptr : &it->second;
}

std::optional<std::uint32_t> GgufMetadata::U32(std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr || value->type != GgufType::kU32) return std::nullopt;
  return static_cast<std::uint32_t>(value->number);
}

std::string GgufMetadata::Text(std::string_view key) const {
  const GgufValue* value = Find(key);
  return value == nullptr ? std::string() : value->text;
}

}  // namespace lares::backend::llama
