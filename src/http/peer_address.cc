// SPDX-License-Identifier: Apache-2.0
#include "http/peer_address.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

namespace lares::http {
namespace {

constexpr std::array<unsigned char, 12> kMappedIpv4 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
using Bytes = std::array<unsigned char, 16>;

std::optional<Bytes> ParseAddress(std::string_view text) {
  if (text.size() > INET6_ADDRSTRLEN) return std::nullopt;
  const std::string terminated(text);
  Bytes bytes{};
  if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) return bytes;
  std::ranges::copy(kMappedIpv4, bytes.begin());
  if (inet_pton(AF_INET, terminated.c_str(), bytes.data() + kMappedIpv4.size()) == 1) return bytes;
  return std::nullopt;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<Network> Network::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, std::min(slash, text.size()));
  const auto bytes = ParseAddress(address);
  if (!bytes) return std::nullopt;
  const bool ipv4 = address.find(':') == std::string_view::npos;
  Network network;
  network.bytes_ = *bytes;
  if (slash == std::string_view::npos) return network;
  const std::string_view length = text.substr(slash + 1);
  std::size_t bits = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (error != std::errc{} || end != length.data() + length.size() || bits > (ipv4 ? 32U : 128U))
    return std::nullopt;
  network.bits_ = ipv4 ? bits + 96 : bits;
  return network;
}

bool Network::Contains(std::string_view address) const {
  const auto bytes = ParseAddress(address);
  if (!bytes) return false;
  for (std::size_t bit = 0; bit < bits_; ++bit) {
    const unsigned mask = 0x80U >> (bit % 8);
    if (((static_cast<unsigned>((*bytes)[bit / 8]) ^ bytes_[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

base::Result<TrustedProxies> TrustedProxies::Parse(const std::vector<std::string>& list) {
  TrustedProxies proxies;
  for (const std::string& entry : list) {
    if (entry == "unix") {
      proxies.unix_ = true;
      continue;
    }
    const auto network = Network::Parse(entry);
    if (!network) {
      return base::Fail(
          base::Code::kInvalidArgument,
          "trusted proxy \"" + entry + "\" is neither an address, a network (10.0.0.0/8) nor \"unix\"");
    }
    proxies.networks_.push_back(*network);
  }
  return proxies;
}

bool TrustedProxies::Trusts(std::string_view address) const {
  if (address == "unix") return unix_;
  return std::ranges::any_of(networks_, [&](const Network& n) { return n.Contains(address); });
}

std::string TrustedProxies::ClientOf(std::string_view socket_peer,
                                     std::optional<std::string_view> forwarded_for) const {
  std::string client(socket_peer);
  if (!forwarded_for) return client;
  // Each proxy appends whom it got the request from: read from the right for as long as we trust the writer.
  std::string_view rest = *forwarded_for;
  while (!rest.empty() && Trusts(client)) {
    const std::size_t comma = rest.rfind(',');
    const std::string_view last = Trim(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
    if (!ParseAddress(last)) break;
    client = last;
  }
  return client;
}

bool IsLoopback(std::string_view address) {
  static const auto kFour = Network::Parse("127.0.0.0/8");
  static const auto kSix = Network::Parse("::1");
  return kFour->Contains(address) || kSix->Contains(address);
}

}  // namespace lares::http
