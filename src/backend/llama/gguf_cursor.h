// SPDX-License-Identifier: Apache-2.0
//
// Walks through a GGUF file's header with every length checked before anything is read or allocated. Errors
// stick: after the first one every read gives zero and `error()` says what happened, so that a caller checks
// once per item. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backend/llama/byte_source.h"
#include "base/error.h"

namespace lares::backend::llama {

class GgufCursor {
 public:
  explicit GgufCursor(const ByteSource& source);

  // What the next reads belong to, e.g. "the name of tensor 3"; for error messages.
  void Reading(std::string what) { what_ = std::move(what); }

  std::uint32_t U32() { return Number<std::uint32_t>(); }
  std::uint64_t U64() { return Number<std::uint64_t>(); }
  std::int64_t I64() { return Number<std::int64_t>(); }
  // `bytes` (1, 2, 4 or 8) as a number, not extended by sign.
  std::uint64_t Unsigned(std::uint32_t bytes);
  std::string String(std::uint64_t limit);
  // Over a string, or over `count` items of `bytes` each, without keeping them.
  void SkipString(std::uint64_t limit);
  void Skip(std::uint64_t count, std::uint64_t bytes);

  void Fail(std::string message);
  bool ok() const { return !error_; }
  const std::optional<base::Error>& error() const { return error_; }
  std::uint64_t offset() const { return offset_; }
  std::uint64_t left() const { return size_ - offset_; }

 private:
  template <class T>
  T Number();
  bool Take(std::uint64_t count, void* out);
  bool FillWindow(std::uint64_t count);

  const ByteSource& source_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  std::uint64_t window_start_ = 0;
  std::vector<std::uint8_t> window_;
  std::string what_;
  std::optional<base::Error> error_;
};

}  // namespace lares::backend::llama
