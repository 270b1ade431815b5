// SPDX-License-Identifier: Apache-2.0
//
// Decodes a chunked body (RFC 9112, section 7.1): strict in its framing, deaf to extensions and trailers,
// which are dropped. Pure; for one body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lares::http {

class ChunkedBody {
 public:
  enum class State : std::uint8_t { kMore, kDone, kBroken, kTooLarge };
  struct Step {
    State state = State::kMore;
    std::size_t taken = 0;  // bytes of the input that are done with
  };

  // `max_bytes` bounds the body, `max_line` a chunk's size line and all trailers together.
  ChunkedBody(std::uint64_t max_bytes, std::size_t max_line) : max_bytes_(max_bytes), max_line_(max_line) {}

  // Appends what `input` has of the body to `body`. What is not taken must come again, with more behind it.
  Step Feed(std::string_view input, std::string& body);

 private:
  enum class Expect : std::uint8_t { kSize, kData, kDataEnd, kTrailer };

  State TakeSize(std::string_view line);

  const std::uint64_t max_bytes_;
  const std::size_t max_line_;
  Expect expect_ = Expect::kSize;
  std::uint64_t left_ = 0;   // of the current chunk
  std::uint64_t total_ = 0;  // of all chunks announced so far
  std::size_t trailer_bytes_ = 0;
};

}  // namespace lares::http
