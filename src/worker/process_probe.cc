// SPDX-License-Identifier: Apache-2.0
#include "worker/process_probe.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace lares::worker {
namespace {

// proc(5), /proc/pid/stat: the state follows the command's name, which may hold anything in its parentheses.
std::optional<char> StateOf(const std::filesystem::path& folder) {
  std::ifstream file(folder / "stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  const auto end = line.rfind(") ");
  if (end == std::string::npos || end + 2 >= line.size()) return std::nullopt;
  return line[end + 2];
}

// Documentation/scheduler/sched-stats.rst, /proc/pid/schedstat: time on a CPU, time waiting for one (ns),
// slices.
base::Duration WaitedFor(const std::filesystem::path& folder) {
  std::ifstream file(folder / "schedstat");
  std::int64_t ran = 0, waited = 0;
  if (!(file >> ran >> waited)) return {};
  return base::Duration(waited);
}

}  // namespace

std::optional<ProcessState> ProbeProcess(pid_t pid) {
  const std::filesystem::path folder = "/proc/" + std::to_string(pid);
  const auto state = StateOf(folder);
  if (!state) return std::nullopt;
  ProcessState seen{.waited_for_cpu = {}, .stopped = *state == 'T'};
  std::error_code gone;  // threads come and go
  for (std::filesystem::directory_iterator thread(folder / "task", gone), end; !gone && thread != end;
       thread.increment(gone)) {
    seen.waited_for_cpu = std::max(seen.waited_for_cpu, WaitedFor(thread->path()));
  }
  return seen;
}

}  // namespace lares::worker
