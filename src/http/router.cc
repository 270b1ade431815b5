// SPDX-License-Identifier: Apache-2.0
#include "http/router.h"

#include <optional>

namespace lares::http {
namespace {

// What {parameter} stands for; empty for a literal match; nothing when the path does not match.
std::optional<std::string> MatchPath(std::string_view pattern, std::string_view path) {
  const std::size_t brace = pattern.find('{');
  if (brace == std::string_view::npos) return pattern == path ? std::optional<std::string>("") : std::nullopt;
  if (!path.starts_with(pattern.substr(0, brace)) || path.size() == brace) return std::nullopt;
  return PercentDecode(path.substr(brace));
}

void AddMethod(std::string& allow, std::string_view word) {
  if (!allow.empty()) allow += ", ";
  allow += word;
}

}  // namespace

Router::Match Router::Find(Method method, std::string_view path) const {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  Match match;
  const Method wanted = method == Method::kHead ? Method::kGet : method;
  for (const Route& route : routes_) {
    auto parameter = MatchPath(route.path(), path);
    if (!parameter) continue;
    AddMethod(match.allow, MethodWord(route.method()));
    if (route.method() == Method::kGet) AddMethod(match.allow, MethodWord(Method::kHead));
    if (route.method() == wanted && match.route == nullptr) {
      match.route = &route;
      match.parameter = std::move(*parameter);
    }
  }
  if (!match.allow.empty()) AddMethod(match.allow, MethodWord(Method::kOptions));
  return match;
}

}  // namespace lares::http
