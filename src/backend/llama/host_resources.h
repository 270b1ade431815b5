// SPDX-License-Identifier: Apache-2.0
//
// What this process may use of the machine: memory and CPUs, as the kernel, the CPU affinity and the cgroup
// (v1 or v2, of a container or a service) allow. Includes nothing of the library.
#pragma once

#include <cstdint>
#include <string>

namespace lares::backend::llama {

struct HostResources {
  std::uint64_t memory_free = 0;   // bytes that can be taken without hurting anybody; 0: unknown
  std::uint64_t memory_total = 0;  // of the machine, or the cgroup's limit when that is smaller
  // When memory_free is a GPU's: what is free of the machine's own. 0: they are the same, or it is unknown.
  std::uint64_t memory_beside = 0;
  std::int32_t cpus = 1;        // whole CPUs, at least 1
  bool memory_limited = false;  // the cgroup's limit is what counts, not the machine
  bool cpus_limited = false;    // the cgroup's quota is what counts, not the affinity
};

// Reads below `root`, which tests replace: proc/meminfo, proc/self/{status,cgroup}, sys/fs/cgroup.
HostResources ReadHostResources(const std::string& root = "/");

}  // namespace lares::backend::llama
