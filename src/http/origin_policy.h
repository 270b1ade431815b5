// SPDX-License-Identifier: Apache-2.0
//
// Which names a request may use for this server (Host) and which web pages may call it (Origin). A page on
// the Internet can make its own name resolve to 127.0.0.1 and then talk to this server through the user's
// browser (DNS rebinding); on loopback only names of this machine are therefore taken. Where a key is
// required a page of others lacks it; on loopback, and wherever none is, its Origin keeps it out. Pure;
// thread safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/message.h"

namespace lares::http {

class OriginPolicy {
 public:
  struct Settings {
    bool loopback_only = true;               // the server listens on loopback alone
    bool unix_socket = false;                // no browser comes this way: Host means nothing
    bool keyless = false;                    // no key is required: whoever reaches us may give us work
    std::vector<std::string> allowed_hosts;  // further names, without port; "*" takes any
    std::vector<std::string> cors_origins;   // exact origins, or "*"
  };

  explicit OriginPolicy(Settings settings);

  // kPermissionDenied (or kInvalidArgument without a usable Host), with what to configure.
  base::Status Check(const Request& request) const;

  // The headers that let a page of an allowed origin read the answer; none when CORS is off or not asked for.
  std::vector<Header> CorsHeaders(const Request& request) const;
  // Those and what a preflight asks for.
  std::vector<Header> PreflightHeaders(const Request& request, std::string_view allowed_methods) const;

 private:
  base::Status CheckHost(const Request& request) const;
  base::Status CheckOrigin(const Request& request) const;
  bool HostAllowed(std::string_view host) const;
  bool IsOurOwnPage(std::string_view origin, std::string_view host) const;
  bool OriginListed(std::string_view origin) const;

  Settings settings_;
};

// "example.org:8080" -> "example.org", "[::1]:80" -> "::1"; empty when it is not a host.
std::string_view HostWithoutPort(std::string_view host);

}  // namespace lares::http
