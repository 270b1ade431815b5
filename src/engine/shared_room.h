// SPDX-License-Identifier: Apache-2.0
//
// A bounded number of places that tenants share so that none of them can take all: a tenant may hold less
// than kShare times what is free. One alone gets the `places` it was promised; an eighth more is there for
// those who come then. Not thread safe.
//
// Source: dynamic thresholds (Choudhury, Hahne: Dynamic Queue Length Thresholds for Shared-Memory Packet
// Switches, 1998).
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <unordered_map>

namespace lares::engine {

class SharedRoom {
 public:
  static constexpr std::size_t kShare = 8;

  explicit SharedRoom(std::size_t places) { Widen(places); }

  // With so many from now on, if that is more.
  void Widen(std::size_t places) {
    promised_ = std::max(promised_, places);
    places_ = promised_ + (promised_ + kShare - 1) / kShare;
  }

  // False: the tenant holds as many as it may now.
  [[nodiscard]] bool Take(const std::string& tenant) {
    if (held(tenant) >= std::min(promised_, kShare * (places_ - taken_))) return false;
    ++held_[tenant];
    ++taken_;
    return true;
  }

  void Give(const std::string& tenant) {
    const auto held = held_.find(tenant);
    if (held == held_.end()) return;
    if (--held->second == 0) held_.erase(held);
    --taken_;
  }

  std::size_t places() const { return places_; }  // with the eighth
  std::size_t taken() const { return taken_; }
  std::size_t held(const std::string& tenant) const {
    const auto held = held_.find(tenant);
    return held == held_.end() ? 0 : held->second;
  }

 private:
  std::size_t promised_ = 0;
  std::size_t places_ = 0;
  std::size_t taken_ = 0;
  std::unordered_map<std::string, std::size_t> held_;  // by tenant, never 0
};

}  // namespace lares::engine
