// SPDX-License-Identifier: Apache-2.0
#include "http/response_head.h"

#include <array>
#include <charconv>

#include "http/status.h"

namespace lares::http {
namespace {

void AppendHeader(std::string& out, std::string_view name, std::string_view value) {
  if (value.find_first_of("\r\n") != std::string_view::npos) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string EncodeHead(const Response& response, const Framing& framing, const std::vector<Header>& more) {
  std::string out;
  out.reserve(256);
  out += framing.version_minor == 0 ? "HTTP/1.0 " : "HTTP/1.1 ";
  out += std::to_string(response.status);
  out += ' ';
  out += ReasonPhrase(response.status);
  out += "\r\n";
  if (!response.content_type.empty()) AppendHeader(out, "Content-Type", response.content_type);
  switch (framing.body) {
    case Framing::Body::kLength:
      // RFC 9110, 8.6: none with 204.
      if (response.status != 204) AppendHeader(out, "Content-Length", std::to_string(response.body.size()));
      break;
    case Framing::Body::kChunked:
      AppendHeader(out, "Transfer-Encoding", "chunked");
      break;
    case Framing::Body::kToEnd:
      break;
  }
  for (const Header& header : response.headers) AppendHeader(out, header.name, header.value);
  for (const Header& header : more) AppendHeader(out, header.name, header.value);
  AppendHeader(out, "Cache-Control", "no-cache, no-store");
  AppendHeader(out, "X-Content-Type-Options", "nosniff");
  if (!framing.keep_alive) {
    AppendHeader(out, "Connection", "close");
  } else if (framing.version_minor == 0) {
    AppendHeader(out, "Connection", "keep-alive");
  }
  out += "\r\n";
  return out;
}

void AppendChunk(std::string& out, std::string_view bytes) {
  std::array<char, 20> size;
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16);
  out.append(size.data(), end.ptr).append("\r\n").append(bytes).append("\r\n");
}

}  // namespace lares::http
