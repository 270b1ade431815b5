// SPDX-License-Identifier: Apache-2.0
//
// Virtual token counters: how much each tenant was served, in weighted tokens, and so whose turn it is. A
// tenant that comes back after a pause starts from the least served of the active ones: a pause saves up
// nothing. Between two tenants that both always have work, the served amounts never differ by more than one
// turn's worth. Pure; not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace lares::scheduler {

class FairShare {
 public:
  // A tenant with at least one sequence. Pointers stay valid until Leave has been called as often as Join.
  struct Tenant {
    std::string name;
    double served = 0;    // weighted tokens
    double promised = 0;  // rows of started sequences, not computed yet
    std::size_t sequences = 0;
  };

  static constexpr double kRowWeight = 1;       // a computed prompt row
  static constexpr double kProducedWeight = 2;  // a produced token: a step of its own, and it holds its cells

  Tenant* Join(const std::string& name);
  void Leave(Tenant* tenant);

  static void Promise(Tenant& tenant, double rows) { tenant.promised += rows; }
  static void Withdraw(Tenant& tenant, double rows) { tenant.promised -= rows; }
  static void Serve(Tenant& tenant, double weighted) { tenant.served += weighted; }

  std::size_t known() const { return tenants_.size(); }

 private:
  void ForgetIdle();

  std::unordered_map<std::string, Tenant> tenants_;
  std::size_t active_ = 0;
  double floor_ = 0;  // the least served of the active ones when there last were some
};

}  // namespace lares::scheduler
