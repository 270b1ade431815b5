// SPDX-License-Identifier: Apache-2.0
//
// Messages in a stream of bytes: each is preceded by its length, four bytes, the least significant first.
// Pure; not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace lares::worker {

// The largest message in either direction: a body's limit with room for its wrapping.
inline constexpr std::size_t kMaxFrame = 64U << 20U;

// Fails when the message is larger than a frame may be (kResourceExhausted).
base::Status AppendFrame(std::string& out, std::string_view message);

// Takes bytes as they come and gives whole messages.
class FrameReader {
 public:
  explicit FrameReader(std::size_t most = kMaxFrame) : most_(most) {}

  void Append(std::string_view bytes);

  // The next message; nothing while its end has not come. An error (a length beyond the bound) is for good:
  // what follows has no meaning.
  base::Result<std::optional<std::string>> Next();

 private:
  const std::size_t most_;
  std::string bytes_;
  std::size_t taken_ = 0;  // of bytes_
  bool broken_ = false;
};

}  // namespace lares::worker
