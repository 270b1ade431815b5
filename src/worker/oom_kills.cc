// SPDX-License-Identifier: Apache-2.0
#include "worker/oom_kills.h"

#include <fstream>
#include <string>

namespace lares::worker {

std::uint64_t OomKills() {
  std::ifstream file("/proc/vmstat");
  std::string name;
  std::uint64_t count = 0;
  while (file >> name >> count) {
    if (name == "oom_kill") return count;
  }
  return 0;
}

}  // namespace lares::worker
