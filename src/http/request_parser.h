// SPDX-License-Identifier: Apache-2.0
//
// Bytes in, one Request out. No sockets and no clock: the connection feeds it, tests and the fuzzer too. A
// parser is for one request; what follows it in the bytes is left to the next. Not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace lares::http {

class RequestParser {
 public:
  struct Limits {
    std::size_t header_bytes = 16 * 1024;
    std::uint64_t body_bytes = 16 * 1024 * 1024;
  };
  // Where the request is after a Feed.
  enum class Progress : std::uint8_t { kHead, kBody, kDone };
  // An error as HTTP says it.
  struct Problem {
    int status = 400;
    base::Error error;
  };

  explicit RequestParser(Limits limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Takes a part of `bytes` and says how much; what is not taken must come again, with more behind it. Stops
  // after the head (progress kBody) even when more is there, so that the head can be judged first.
  std::expected<std::size_t, Problem> Feed(std::string_view bytes);
  Progress progress() const;

  // From kBody on all but the body is set; at kDone everything is. A content_length beyond the limit is the
  // caller's to refuse before it feeds the body.
  Request& request();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// 413, for a body or an announced length above `limit` bytes.
RequestParser::Problem BodyTooLarge(std::uint64_t limit);

}  // namespace lares::http
