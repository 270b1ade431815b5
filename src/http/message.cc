// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <algorithm>
#include <charconv>

namespace lares::http {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

Method ParseMethod(std::string_view word) {
  for (const Method m : {Method::kGet, Method::kHead, Method::kPost, Method::kPut, Method::kDelete,
                         Method::kPatch, Method::kOptions}) {
    if (MethodWord(m) == word) return m;
  }
  return Method::kOther;
}

std::string_view MethodWord(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kDelete:
      return "DELETE";
    case Method::kPatch:
      return "PATCH";
    case Method::kOptions:
      return "OPTIONS";
    case Method::kOther:
      return "OTHER";
  }
  return "OTHER";
}

std::optional<std::string_view> Request::Find(std::string_view name) const {
  for (const Header& header : headers) {
    if (EqualsIgnoreCase(header.name, name)) return header.value;
  }
  return std::nullopt;
}

std::optional<std::string> Request::FindList(std::string_view name) const {
  std::optional<std::string> list;
  for (const Header& header : headers) {
    if (!EqualsIgnoreCase(header.name, name)) continue;
    list = list ? *list + ", " + header.value : header.value;
  }
  return list;
}

std::string_view Request::Path() const {
  std::string_view path = target;
  path = path.substr(0, std::min(path.find('?'), path.size()));
  const std::size_t scheme = path.find("://");
  if (path.starts_with('/') || scheme == std::string_view::npos) return path;
  path.remove_prefix(scheme + 3);
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view("/") : path.substr(slash);
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, Lower, Lower);
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
    if (error != std::errc{} || end != text.data() + i + 3 || value == 0) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

}  // namespace lares::http
