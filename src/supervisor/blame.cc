// SPDX-License-Identifier: Apache-2.0
#include "supervisor/blame.h"

#include <algorithm>

namespace lares::supervisor {

std::optional<std::string> Blame::OnCrash(std::span<const std::string> in_the_call) {
  const auto suspected = [&](const std::string& request) {
    return std::ranges::find(suspects_, request) != suspects_.end();
  };
  if (in_the_call.size() == 1 && suspected(in_the_call.front())) {
    OnEnd(in_the_call.front());
    return in_the_call.front();
  }
  for (const std::string& request : in_the_call) {
    if (!suspected(request)) suspects_.push_back(request);
  }
  return std::nullopt;
}

}  // namespace lares::supervisor
