// SPDX-License-Identifier: Apache-2.0
#include "http/origin_policy.h"

#include <algorithm>
#include <utility>

#include "http/peer_address.h"

namespace lares::http {
namespace {

base::Error Denied(const char* reason, std::string message) {
  return base::Error(base::Code::kPermissionDenied, std::move(message)).WithReason(reason);
}

std::string_view HostOfOrigin(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
}

bool IsHeaderList(std::string_view text) {
  return text.size() <= 1024 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '_' || c == ',' || c == ' ';
         });
}

// A client's bytes in an answer: short, and nothing that a terminal would obey.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, 100)) out += c >= 0x20 && c < 0x7F ? c : '?';
  return out + "\"";
}

}  // namespace

std::string_view HostWithoutPort(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
  }
  return host.substr(0, std::min(host.find(':'), host.size()));
}

OriginPolicy::OriginPolicy(Settings settings) : settings_(std::move(settings)) {}

bool OriginPolicy::HostAllowed(std::string_view host) const {
  std::string_view name = HostWithoutPort(host);
  if (name.ends_with('.')) name.remove_suffix(1);
  const auto listed = [&](const std::string& allowed) {
    return allowed == "*" || EqualsIgnoreCase(allowed, name);
  };
  if (std::ranges::any_of(settings_.allowed_hosts, listed)) return true;
  return EqualsIgnoreCase(name, "localhost") || IsLoopback(name);
}

bool OriginPolicy::OriginListed(std::string_view origin) const {
  return std::ranges::any_of(settings_.cors_origins, [&](const std::string& allowed) {
    return allowed == "*" || EqualsIgnoreCase(allowed, origin);
  });
}

base::Status OriginPolicy::CheckHost(const Request& request) const {
  const auto hosts = std::ranges::count_if(request.headers,
                                           [](const Header& h) { return EqualsIgnoreCase(h.name, "host"); });
  if (hosts > 1 || (hosts == 0 && request.version_minor == 1)) {
    return base::Fail(base::Error(base::Code::kInvalidArgument, "HTTP/1.1 asks for exactly one Host header")
                          .WithReason("bad_host"));
  }
  if (hosts > 0 && request.Find("host")->find_first_of(" \t/\\") != std::string_view::npos) {
    return base::Fail(
        base::Error(base::Code::kInvalidArgument, "the Host header is not a host").WithReason("bad_host"));
  }
  if (settings_.unix_socket || hosts == 0) return {};
  const bool checked = settings_.loopback_only || !settings_.allowed_hosts.empty();
  const std::string_view host = *request.Find("host");
  if (!checked || HostAllowed(host)) return {};
  return base::Fail(Denied("host_not_allowed", "this server does not answer to the name " + Quoted(host) +
                                                   "; if it is yours, start with --allowed-host"));
}

// Beyond loopback any Host may be ours, and a rebound name is that of page and Host alike. An address cannot
// be rebound.
bool OriginPolicy::IsOurOwnPage(std::string_view origin, std::string_view host) const {
  return EqualsIgnoreCase(HostOfOrigin(origin), host) &&
         (HostAllowed(host) || Network::Parse(HostWithoutPort(host)).has_value());
}

base::Status OriginPolicy::CheckOrigin(const Request& request) const {
  const auto origin = request.Find("origin");
  const bool checked = (settings_.loopback_only || settings_.keyless) && !settings_.unix_socket;
  if (!origin || !checked || OriginListed(*origin)) return {};
  const auto host = request.Find("host");
  if (host && IsOurOwnPage(*origin, *host)) return {};
  return base::Fail(Denied(
      "origin_not_allowed",
      "pages of " + Quoted(*origin) + " may not call this server; if they shall, start with --cors-origin"));
}

base::Status OriginPolicy::Check(const Request& request) const {
  if (auto host = CheckHost(request); !host) return host;
  return CheckOrigin(request);
}

std::vector<Header> OriginPolicy::CorsHeaders(const Request& request) const {
  if (settings_.cors_origins.empty()) return {};
  std::vector<Header> headers = {{"Vary", "Origin"}};
  const auto origin = request.Find("origin");
  if (!origin || !OriginListed(*origin)) return headers;
  headers.push_back({"Access-Control-Allow-Origin", std::string(*origin)});
  headers.push_back({"Access-Control-Expose-Headers", "x-request-id, retry-after"});
  return headers;
}

std::vector<Header> OriginPolicy::PreflightHeaders(const Request& request,
                                                   std::string_view allowed_methods) const {
  std::vector<Header> headers = CorsHeaders(request);
  if (headers.size() < 2) return headers;
  headers.push_back({"Access-Control-Allow-Methods", std::string(allowed_methods)});
  // Clients add headers of their own (x-stainless-*): a listed origin may send what it asks to send.
  const auto wanted = request.Find("access-control-request-headers");
  headers.push_back({"Access-Control-Allow-Headers",
                     wanted && IsHeaderList(*wanted) ? std::string(*wanted) : "authorization, content-type"});
  headers.push_back({"Access-Control-Max-Age", "600"});
  return headers;
}

}  // namespace lares::http
