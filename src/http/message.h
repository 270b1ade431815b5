// SPDX-License-Identifier: Apache-2.0
//
// A request and an answer of HTTP as plain values. Everything outside the parser and the sockets speaks these
// types and includes no network library.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace lares::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kDelete, kPatch, kOptions, kOther };

Method ParseMethod(std::string_view word);
std::string_view MethodWord(Method method);

struct Header {
  std::string name;
  std::string value;
};

struct Request {
  Method method = Method::kOther;
  std::string target;     // as sent, with the query
  int version_minor = 1;  // HTTP/1.0 or 1.1
  std::vector<Header> headers;
  std::string body;
  bool keep_alive = true;
  bool expects_continue = false;  // Expect: 100-continue
  bool has_body = false;          // a length above 0 or chunks are announced
  std::optional<std::uint64_t> content_length;
  base::Time arrived{};  // its last byte

  // The first header of that name, whatever its case.
  std::optional<std::string_view> Find(std::string_view name) const;
  // All headers of that name as the one list that they are (RFC 9110, 5.3): in order, joined by commas.
  std::optional<std::string> FindList(std::string_view name) const;
  // Of the target: what comes before the '?', without scheme and host where a proxy left them in.
  std::string_view Path() const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<Header> headers;  // further ones
};

bool EqualsIgnoreCase(std::string_view a, std::string_view b);

// "%41" -> "A". Nothing for a broken escape or a NUL.
std::optional<std::string> PercentDecode(std::string_view text);

}  // namespace lares::http
