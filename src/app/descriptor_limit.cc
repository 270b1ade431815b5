// SPDX-License-Identifier: Apache-2.0
#include "app/descriptor_limit.h"

#include <algorithm>

#include <sys/resource.h>

namespace lares::app {

DescriptorPlan PlanDescriptors(std::size_t connections, std::uint64_t soft, std::uint64_t hard) {
  const std::uint64_t needed = connections + kOtherDescriptors;
  DescriptorPlan plan{.soft = std::max(soft, std::min(needed, hard)), .connections = connections};
  if (plan.soft >= needed) return plan;
  const std::uint64_t room =
      plan.soft > 2 * kOtherDescriptors ? plan.soft - kOtherDescriptors : plan.soft / 2;
  plan.connections = static_cast<std::size_t>(std::max<std::uint64_t>(room, 1));
  return plan;
}

std::size_t MakeRoomForConnections(std::size_t connections, base::Logger& log) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return connections;
  DescriptorPlan plan = PlanDescriptors(connections, limit.rlim_cur, limit.rlim_max);
  const rlimit raised{.rlim_cur = plan.soft, .rlim_max = limit.rlim_max};
  if (plan.soft > limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &raised) != 0) {
    plan = PlanDescriptors(connections, limit.rlim_cur, limit.rlim_cur);
  }
  if (plan.connections < connections) {
    log.Warning(
        "fewer connections than --max-connections: the limit of open files is too low (ulimit -n, "
        "LimitNOFILE)",
        {{"wanted", static_cast<std::int64_t>(connections)},
         {"connections", static_cast<std::int64_t>(plan.connections)},
         {"open_files", static_cast<std::int64_t>(plan.soft)}});
  }
  return plan.connections;
}

}  // namespace lares::app
