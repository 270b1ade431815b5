// SPDX-License-Identifier: Apache-2.0
//
// Bytes that can be read from any place: a file, or memory in tests and fuzzing. Thread safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/error.h"

namespace lares::backend::llama {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const = 0;
  // Fills `out` from `offset`; false when that part is not there or cannot be read.
  virtual bool Read(std::uint64_t offset, std::span<std::uint8_t> out) const = 0;
};

// `bytes` must outlive the object.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  bool Read(std::uint64_t offset, std::span<std::uint8_t> out) const override;

 private:
  std::span<const std::uint8_t> bytes_;
};

// kNotFound, kPermissionDenied, or kInvalidArgument when it is no regular file; each says what and why.
base::Result<std::unique_ptr<ByteSource>> OpenFileSource(const std::string& path);

}  // namespace lares::backend::llama
