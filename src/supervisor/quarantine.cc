// SPDX-License-Identifier: Apache-2.0
#include "supervisor/quarantine.h"

#include <algorithm>

namespace lares::supervisor {

void Quarantine::Add(std::string digest, base::Time now) {
  std::erase_if(held_, [&](const auto& entry) { return entry.second == digest; });
  held_.emplace_back(now, std::move(digest));
  if (held_.size() > options_.most) held_.pop_front();
  LetGo(now);
}

bool Quarantine::Holds(std::string_view digest, base::Time now) {
  LetGo(now);
  return std::ranges::any_of(held_, [&](const auto& entry) { return entry.second == digest; });
}

void Quarantine::LetGo(base::Time now) {
  while (!held_.empty() && now - held_.front().first >= options_.time) held_.pop_front();
}

}  // namespace lares::supervisor
