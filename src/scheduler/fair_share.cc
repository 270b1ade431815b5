// SPDX-License-Identifier: Apache-2.0
#include "scheduler/fair_share.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace lares::scheduler {
namespace {

constexpr std::size_t kMaxIdleTenants = 1024;

}  // namespace

FairShare::Tenant* FairShare::Join(const std::string& name) {
  Tenant& tenant = tenants_[name];
  if (tenant.name.empty()) tenant.name = name;
  if (tenant.sequences == 0) {
    double least = std::numeric_limits<double>::max();
    for (const auto& [other_name, other] : tenants_) {
      if (other.sequences > 0) least = std::min(least, other.served);
    }
    if (active_ > 0) floor_ = std::max(floor_, least);
    tenant.served = std::max(tenant.served, floor_);
    ++active_;
  }
  ++tenant.sequences;
  return &tenant;
}

void FairShare::Leave(Tenant* tenant) {
  LARES_CHECK(tenant->sequences > 0);
  if (--tenant->sequences > 0) return;
  --active_;
  tenant->promised = 0;
  // Who leaves last sets the mark for whoever comes next.
  if (active_ == 0) floor_ = std::max(floor_, tenant->served);
  if (tenants_.size() > active_ + kMaxIdleTenants) ForgetIdle();
}

// An idle tenant at or below the floor would be lifted to it anyway. Above it, forgetting gives it a little
// more than its share once; that is the price of a bound.
void FairShare::ForgetIdle() {
  std::erase_if(tenants_, [](const auto& entry) { return entry.second.sequences == 0; });
}

}  // namespace lares::scheduler
