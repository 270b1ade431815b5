// SPDX-License-Identifier: Apache-2.0
#include "worker/memory_group.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cgroup_paths.h"

namespace lares::worker {
namespace {

using base::Code;

constexpr const char* kWorkerPrefix = "lares-worker-";

std::string Read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::unexpected<base::Error> Cannot(const std::string& what, const std::string& path) {
  return base::Fail(Code::kUnimplemented,
                    "cannot " + what + " " + path + ": " + std::generic_category().message(errno));
}

// These files take a value in one write, and answer it.
base::Status Write(const std::string& path, const std::string& value) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return Cannot("open", path);
  const auto written = ::write(file, value.data(), value.size());
  const int cause = errno;
  ::close(file);
  errno = cause;
  if (written < 0) return Cannot("write to", path);
  return {};
}

base::Status MakeFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return Cannot("make", path);
}

// Of gateways that were killed. A group with a process in it stays.
void RemoveLeftovers(const std::string& parent) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(parent, error)) {
    if (entry.path().filename().string().starts_with(kWorkerPrefix)) ::rmdir(entry.path().c_str());
  }
}

bool Says(const std::string& path, const char* attribute) {
  char value = 0;
  return ::getxattr(path.c_str(), attribute, &value, 1) == 1 && value == '1';
}

// Who may write to a group need not be meant to: root may everywhere, and systemd marks what it gave away.
// The topmost group that a container sees is the container's.
bool IsDelegated(const base::CgroupDir& group, const std::string& mount) {
  if (::access(group.path.c_str(), W_OK) != 0) return false;
  return ::geteuid() != 0 || group.path == mount || Says(group.path, "user.delegate") ||
         Says(group.path, "trusted.delegate");
}

bool HasWord(const std::string& words, const std::string& word) {
  return (" " + words).find(" " + word) != std::string::npos;
}

// Its own, not one above it.
std::optional<base::CgroupDir> OwnGroup(const std::string& root, int version) {
  const char* mark = version == 1 ? "/memory.limit_in_bytes" : "/cgroup.controllers";
  for (base::CgroupDir& dir : base::CgroupDirs(root, Read(root + "proc/self/cgroup"), "memory")) {
    if (dir.version != version || ::access((dir.path + mark).c_str(), F_OK) != 0) continue;
    if (version == 2 && !HasWord(Read(dir.path + mark), "memory")) return std::nullopt;
    return std::move(dir);
  }
  return std::nullopt;
}

}  // namespace

MemoryGroup::MemoryGroup(std::string path, std::string above, std::string limit_file)
    : path_(std::move(path)), above_(std::move(above)), limit_file_(std::move(limit_file)) {}

MemoryGroup::~MemoryGroup() {
  // Of a process that is just ending, its group may be busy for a moment longer.
  std::ifstream members(path_ + "/cgroup.procs");
  for (std::string pid; std::getline(members, pid);) static_cast<void>(Write(above_ + "/cgroup.procs", pid));
  ::rmdir(path_.c_str());
}

base::Status MemoryGroup::Limit(std::uint64_t bytes) {
  return Write(path_ + "/" + limit_file_, std::to_string(bytes));
}

base::Result<MemoryGroups> MemoryGroups::Find(const std::string& root) {
  if (const auto own = OwnGroup(root, 1)) {
    if (::access(own->path.c_str(), W_OK) != 0) return Cannot("make groups in", own->path);
    RemoveLeftovers(own->path);
    return MemoryGroups(own->path, own->path, "memory.limit_in_bytes");
  }
  const auto own = OwnGroup(root, 2);
  if (!own) return base::Fail(Code::kUnimplemented, "no control group of this process limits memory");
  if (!IsDelegated(*own, root + "sys/fs/cgroup")) {
    return base::Fail(Code::kUnimplemented,
                      "the control group " + own->path + " is not ours to divide (systemd: Delegate=memory)");
  }
  const std::string home = own->path + "/lares-gateway";
  const std::string self = std::to_string(::getpid());
  if (auto ok = MakeFolder(home); !ok) return base::Fail(ok.error());
  if (auto ok = Write(home + "/cgroup.procs", self); !ok) return base::Fail(ok.error());
  if (auto ok = Write(own->path + "/cgroup.subtree_control", "+memory"); !ok) {
    static_cast<void>(Write(own->path + "/cgroup.procs", self));
    ::rmdir(home.c_str());
    return base::Fail(ok.error());
  }
  RemoveLeftovers(own->path);
  return MemoryGroups(own->path, home, "memory.max");
}

base::Result<std::unique_ptr<MemoryGroup>> MemoryGroups::Make(pid_t pid) const {
  const std::string path = parent_ + "/" + kWorkerPrefix + std::to_string(pid);
  if (auto ok = MakeFolder(path); !ok) return base::Fail(ok.error());
  auto group = std::unique_ptr<MemoryGroup>(new MemoryGroup(path, home_, limit_file_));
  if (auto ok = Write(path + "/cgroup.procs", std::to_string(pid)); !ok) return base::Fail(ok.error());
  return group;
}

}  // namespace lares::worker
