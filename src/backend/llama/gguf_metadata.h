// SPDX-License-Identifier: Apache-2.0
//
// The key-value part of a GGUF file: read with bounds, duplicates and unknown types refused. Large arrays are
// walked over, not kept.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/llama/gguf_cursor.h"

namespace lares::backend::llama {

// Numbers as in the file format.
enum class GgufType : std::uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12,
};
// "u32", "array"...
std::string_view GgufTypeName(GgufType type);

struct GgufValue {
  GgufType type = GgufType::kU8;
  GgufType item_type = GgufType::kU8;  // of an array
  std::uint64_t count = 0;             // of an array
  std::uint64_t number = 0;            // scalars other than strings, bit for bit
  std::string text;                    // strings
  std::vector<std::uint32_t> numbers;  // arrays of 32-bit integers with at most kMaxKeptItems
};

class GgufMetadata {
 public:
  // Reads `count` pairs; look at cursor.ok() afterwards.
  void Read(GgufCursor& cursor, std::uint64_t count);

  const GgufValue* Find(std::string_view key) const;
  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  // The value when the key is there with exactly this type.
  std::optional<std::uint32_t> U32(std::string_view key) const;
  std::string Text(std::string_view key) const;

 private:
  GgufValue ReadValue(GgufCursor& cursor, const std::string& key);
  void ReadArray(GgufCursor& cursor, const std::string& key, GgufValue& value);

  std::map<std::string, GgufValue, std::less<>> pairs_;
};

inline constexpr std::uint64_t kMaxGgufPairs = 4096;
inline constexpr std::uint64_t kMaxKeptItems = 1024;

}  // namespace lares::backend::llama
