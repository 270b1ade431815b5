// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/host_resources.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>

#include "base/cgroup_paths.h"

namespace lares::backend::llama {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::optional<std::uint64_t> ToNumber(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + begin, text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

// The number behind `key` in lines of "key value".
std::optional<std::uint64_t> NumberAfter(const std::string& text, std::string_view key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key)) return ToNumber(std::string_view(line).substr(key.size()));
  }
  return std::nullopt;
}

// "0-3,8" -> 5.
std::int32_t CountCpus(std::string_view list) {
  std::int32_t count = 0;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view range = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    const std::size_t dash = range.find('-');
    const auto first = ToNumber(range);
    const auto last = dash == std::string_view::npos ? first : ToNumber(range.substr(dash + 1));
    if (first && last && *last >= *first && *last - *first < 4096)
      count += static_cast<std::int32_t>(*last - *first) + 1;
  }
  return count;
}

std::int32_t AllowedCpus(const std::string& root) {
  const std::string status = ReadFile(root + "proc/self/status");
  std::istringstream lines(status);
  constexpr std::string_view kKey = "Cpus_allowed_list:";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kKey)) {
      std::string_view list = std::string_view(line).substr(kKey.size());
      list.remove_prefix(std::min(list.find_first_not_of(" \t"), list.size()));
      return std::max(1, CountCpus(list));
    }
  }
  return 1;
}

// What is left below a cgroup's limit. Page cache counts as used there, though the kernel gives it back.
void LimitMemory(std::uint64_t limit, std::uint64_t used, std::uint64_t cache, HostResources& host) {
  if (limit >= host.memory_total && host.memory_total != 0) return;
  const std::uint64_t held = used > cache ? used - cache : 0;
  const std::uint64_t left = limit > held ? limit - held : 0;
  host.memory_limited = true;
  host.memory_total = limit;
  host.memory_free = std::min(host.memory_free, left);
}

void ApplyMemoryGroup(const base::CgroupDir& dir, HostResources& host) {
  const bool v2 = dir.version == 2;
  const auto limit = ToNumber(ReadFile(dir.path + (v2 ? "/memory.max" : "/memory.limit_in_bytes")));
  if (!limit) return;  // "max", or no such controller
  const auto used = ToNumber(ReadFile(dir.path + (v2 ? "/memory.current" : "/memory.usage_in_bytes")));
  const auto cache =
      NumberAfter(ReadFile(dir.path + "/memory.stat"), v2 ? "inactive_file " : "total_inactive_file ");
  LimitMemory(*limit, used.value_or(0), cache.value_or(0), host);
}

// CPUs by quota; infinity when there is none.
double QuotaOf(const base::CgroupDir& dir) {
  std::optional<std::uint64_t> quota;
  std::optional<std::uint64_t> period;
  if (dir.version == 2) {
    const std::string text = ReadFile(dir.path + "/cpu.max");  // "150000 100000" or "max 100000"
    quota = ToNumber(text);
    const std::size_t space = text.find(' ');
    if (space != std::string::npos) period = ToNumber(std::string_view(text).substr(space));
  } else {
    quota = ToNumber(ReadFile(dir.path + "/cpu.cfs_quota_us"));  // -1: none
    period = ToNumber(ReadFile(dir.path + "/cpu.cfs_period_us"));
  }
  if (!quota || !period || *quota == 0 || *period == 0) return std::numeric_limits<double>::infinity();
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

void ApplyCpuGroup(const base::CgroupDir& dir, HostResources& host) {
  const double quota = QuotaOf(dir);
  if (quota >= static_cast<double>(host.cpus)) return;
  // Rounded down: one thread too many is stopped by the kernel in the middle of a step.
  host.cpus = std::max(1, static_cast<std::int32_t>(std::floor(quota)));
  host.cpus_limited = true;
}

}  // namespace

HostResources ReadHostResources(const std::string& root) {
  HostResources host;
  const std::string meminfo = ReadFile(root + "proc/meminfo");
  host.memory_total = NumberAfter(meminfo, "MemTotal:").value_or(0) * 1024;
  host.memory_free = NumberAfter(meminfo, "MemAvailable:").value_or(0) * 1024;
  host.cpus = AllowedCpus(root);
  const std::string groups = ReadFile(root + "proc/self/cgroup");
  for (const base::CgroupDir& dir : base::CgroupDirs(root, groups, "memory")) ApplyMemoryGroup(dir, host);
  for (const base::CgroupDir& dir : base::CgroupDirs(root, groups, "cpu")) ApplyCpuGroup(dir, host);
  return host;
}

}  // namespace lares::backend::llama
