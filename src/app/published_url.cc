// SPDX-License-Identifier: Apache-2.0
#include "app/published_url.h"

#include <filesystem>
#include <string_view>
#include <system_error>

namespace lares::app {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kHttps = "https://";

}  // namespace

std::string PublishedUrl(const std::string& url) {
  if (url.starts_with(kUnix)) {
    std::error_code error;
    const auto path = std::filesystem::absolute(url.substr(kUnix.size()), error);
    return error ? url : std::string(kUnix) + path.lexically_normal().string();
  }
  const std::size_t host = url.find("://") + 3;
  const std::size_t port = url.rfind(':');
  if (host == std::string::npos + 3 || port == std::string::npos || port <= host) return url;
  const std::string name = url.substr(host, port - host);
  const std::string_view loopback = name == "0.0.0.0" ? "127.0.0.1" : name == "[::]" ? "[::1]" : "";
  if (loopback.empty()) return url;
  const std::string_view told = url.starts_with(kHttps) ? "localhost" : loopback;
  return url.substr(0, host) + std::string(told) + url.substr(port);
}

}  // namespace lares::app
