// SPDX-License-Identifier: Apache-2.0
//
// The folders whose limits bind this process: its own cgroup and every one above it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lares::base {

struct CgroupDir {
  int version = 2;
  std::string path;
};

// `groups` is the text of /proc/self/cgroup; `controller` is "memory" or "cpu". Own folder first. Within a
// container whose path is not visible, the mount's root stands for it.
std::vector<CgroupDir> CgroupDirs(const std::string& root, const std::string& groups,
                                  std::string_view controller);

}  // namespace lares::base
