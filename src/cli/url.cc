// SPDX-License-Identifier: Apache-2.0
#include "cli/url.h"

#include <algorithm>

namespace lares::cli {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kMaxUrl = 2048;

bool IsPlain(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c != 0x7F; });
}

void DropEnd(std::string_view& text, std::string_view end) {
  if (text.ends_with(end)) text.remove_suffix(end.size());
}

}  // namespace

base::Result<Url> ParseUrl(std::string_view text) {
  const auto wrong = [&] {
    return base::Fail(base::Code::kInvalidArgument, "\"" + std::string(text.substr(0, 100)) +
                                                        "\" is no address of a server; say http://HOST:PORT, "
                                                        "https://HOST or unix:PATH");
  };
  if (text.empty() || text.size() > kMaxUrl) return wrong();
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    if (path.empty()) return wrong();
    return Url{.base = "http://localhost", .socket_path = std::string(path), .shown = std::string(text)};
  }
  if (!IsPlain(text)) return wrong();
  std::string_view rest = text;
  DropEnd(rest, "/");
  DropEnd(rest, "/v1");
  DropEnd(rest, "/");
  const std::size_t scheme = rest.find("://");
  std::string base(rest);
  if (scheme == std::string_view::npos) {
    base = "http://" + base;
  } else if (!rest.starts_with("http://") && !rest.starts_with("https://")) {
    return wrong();
  }
  if (base.ends_with("//") || base.ends_with(":")) return wrong();
  return Url{.base = base, .socket_path = {}, .shown = base};
}

}  // namespace lares::cli
