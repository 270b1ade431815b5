// SPDX-License-Identifier: Apache-2.0
//
// A control group (cgroups(7), versions 1 and 2) for one worker, whose limit ends that worker and nothing
// else when it takes more memory than was planned for it. Only where this process may make groups below its
// own: in a container with a writable cgroup file system, under systemd with Delegate=memory, as root where
// version 1 is mounted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <sys/types.h>

#include "base/error.h"

namespace lares::worker {

class MemoryGroup {
 public:
  // Gives its processes back to the group above, and removes it.
  ~MemoryGroup();
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  base::Status Limit(std::uint64_t bytes);

 private:
  friend class MemoryGroups;
  MemoryGroup(std::string path, std::string above, std::string limit_file);

  const std::string path_, above_, limit_file_;
};

// Where groups can be made. Thread safe once it is there.
class MemoryGroups {
 public:
  // Looks for the place. With version 2 this process goes into a group of its own first: a group that limits
  // others has no processes itself. Groups that a killed gateway left are removed. An error says why there is
  // none. `root` is "/" but in tests.
  static base::Result<MemoryGroups> Find(const std::string& root = "/");

  // A group with this process in it.
  base::Result<std::unique_ptr<MemoryGroup>> Make(pid_t pid) const;

 private:
  MemoryGroups(std::string parent, std::string home, std::string limit_file)
      : parent_(std::move(parent)), home_(std::move(home)), limit_file_(std::move(limit_file)) {}

  std::string parent_;
  std::string home_;  // where this process is
  std::string limit_file_;
};

}  // namespace lares::worker
