// SPDX-License-Identifier: Apache-2.0
#include "base/cgroup_paths.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <system_error>

namespace lares::base {
namespace {

// One of the names in "cpu,cpuacct".
bool Names(std::string_view list, std::string_view controller) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (list.substr(0, comma) == controller) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

void AddWithParents(int version, const std::string& mount, std::string group, std::vector<CgroupDir>& out) {
  std::error_code error;
  if (!std::filesystem::is_directory(mount, error)) return;
  while (!group.empty() && group != "/") {
    if (std::filesystem::is_directory(mount + group, error)) out.push_back({version, mount + group});
    group.erase(group.find_last_of('/'));
  }
  out.push_back({version, mount});
}

}  // namespace

std::vector<CgroupDir> CgroupDirs(const std::string& root, const std::string& groups,
                                  std::string_view controller) {
  const std::string base = root + "sys/fs/cgroup";
  std::vector<CgroupDir> dirs;
  std::istringstream lines(groups);
  for (std::string line; std::getline(lines, line);) {  // "4:cpu,cpuacct:/a/b", or "0::/a/b" for version 2
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos || line.size() <= second + 1 || line[second + 1] != '/') continue;
    const std::string group = line.substr(second + 1);
    if (group.find("/..") != std::string::npos) continue;  // outside of what this process may see
    const std::string_view names = std::string_view(line).substr(first + 1, second - first - 1);
    if (names.empty()) {
      AddWithParents(2, base, group, dirs);
      AddWithParents(2, base + "/unified", group, dirs);
    } else if (Names(names, controller)) {
      AddWithParents(1, base + "/" + std::string(controller), group, dirs);
      AddWithParents(1, base + "/" + std::string(names), group, dirs);
    }
  }
  return dirs;
}

}  // namespace lares::base
