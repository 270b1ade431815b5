// SPDX-License-Identifier: Apache-2.0
//
// An answer's head as bytes, and the framing of its body. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace lares::http {

struct Framing {
  enum class Body : std::uint8_t {
    kLength,   // Content-Length
    kChunked,  // Transfer-Encoding: chunked
    kToEnd,    // HTTP/1.0 stream: ends with the connection
  };
  Body body = Body::kLength;
  bool keep_alive = true;
  int version_minor = 1;
};

// Status line and headers with the empty line. `more` are headers besides the response's own. Header values
// that could break the framing (CR, LF) are dropped.
std::string EncodeHead(const Response& response, const Framing& framing, const std::vector<Header>& more);

// One chunk of a chunked body.
void AppendChunk(std::string& out, std::string_view bytes);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace lares::http
