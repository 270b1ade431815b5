// SPDX-License-Identifier: Apache-2.0
//
// Who is at the other end. Behind a proxy the socket's address is the proxy's; the client's stands in
// X-Forwarded-For, which anybody can write, so it is believed only from listed proxies. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace lares::http {

// "10.0.0.0/8", "fd00::/8", or one address.
class Network {
 public:
  static std::optional<Network> Parse(std::string_view text);
  bool Contains(std::string_view address) const;

 private:
  std::array<unsigned char, 16> bytes_{};  // IPv4 as ::ffff:a.b.c.d
  std::size_t bits_ = 128;
};

class TrustedProxies {
 public:
  // `list` holds networks and the word "unix" for peers on a Unix socket.
  static base::Result<TrustedProxies> Parse(const std::vector<std::string>& list);

  // The client's address: `socket_peer`, or what trusted proxies say stands behind it.
  std::string ClientOf(std::string_view socket_peer, std::optional<std::string_view> forwarded_for) const;

 private:
  bool Trusts(std::string_view address) const;

  std::vector<Network> networks_;
  bool unix_ = false;
};

// True for 127.0.0.0/8 and ::1. An address, not a peer: "unix" is a name that anybody may claim.
bool IsLoopback(std::string_view address);

}  // namespace lares::http
