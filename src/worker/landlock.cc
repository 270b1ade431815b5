// SPDX-License-Identifier: Apache-2.0
#include "worker/landlock.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lares::worker {
namespace {

// Rights that newer kernels know than this header: bit by bit as their documentation lists them.
constexpr std::uint64_t kRightsOfVersion1 = (1ULL << 13U) - 1;
constexpr std::uint64_t kRefer = 1ULL << 13U;     // version 2
constexpr std::uint64_t kTruncate = 1ULL << 14U;  // version 3
constexpr std::uint64_t kIoctlDev = 1ULL << 15U;  // version 5
constexpr std::uint64_t kTcp = 3;                 // version 4: bind, connect
constexpr std::uint64_t kScopes = 3;              // version 6: abstract Unix sockets, signals

constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kReadFolder = LANDLOCK_ACCESS_FS_READ_DIR;
// What a rule about a single file may say.
constexpr std::uint64_t kForFiles =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | kReadFile | kTruncate | kIoctlDev;

// As of version 6; older kernels are given the part that they know.
struct Attributes {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scoped = 0;
};

int Version() {
  return static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
}

std::uint64_t RightsOf(int version) {
  std::uint64_t rights = kRightsOfVersion1;
  if (version >= 2) rights |= kRefer;
  if (version >= 3) rights |= kTruncate;
  if (version >= 5) rights |= kIoctlDev;
  return rights;
}

}  // namespace

Landlock::Landlock() {
  const int version = Version();
  if (version < 1) {
    error_ = errno;
    return;
  }
  handled_ = RightsOf(version);
  Attributes attributes{
      .files = handled_, .network = version >= 4 ? kTcp : 0, .scoped = version >= 6 ? kScopes : 0};
  const std::size_t size = version >= 6   ? sizeof attributes
                           : version >= 4 ? 2 * sizeof(std::uint64_t)
                                          : sizeof(std::uint64_t);
  ruleset_ = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0));
  if (ruleset_ < 0) error_ = errno;
}

Landlock::~Landlock() {
  if (ruleset_ >= 0) ::close(ruleset_);
}

void Landlock::Allow(int descriptor, std::uint64_t rights) {
  struct stat info{};
  if (ruleset_ < 0 || ::fstat(descriptor, &info) != 0) return;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights & handled_;
  if (!S_ISDIR(info.st_mode)) rule.allowed_access &= kForFiles;
  rule.parent_fd = descriptor;
  if (::syscall(SYS_landlock_add_rule, ruleset_, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) error_ = errno;
}

void Landlock::Allow(const std::string& path, std::uint64_t rights) {
  const int descriptor = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (descriptor < 0) return;
  Allow(descriptor, rights);
  ::close(descriptor);
}

void Landlock::AllowReading(int descriptor) { Allow(descriptor, kReadFile | kReadFolder); }
void Landlock::AllowReading(const std::string& path) { Allow(path, kReadFile | kReadFolder); }
void Landlock::AllowWriting(const std::string& path) { Allow(path, handled_); }

std::optional<std::string> Landlock::Enforce() {
  if (ruleset_ >= 0 && error_ == 0) {
    if (::syscall(SYS_landlock_restrict_self, ruleset_, 0) == 0) return std::nullopt;
    error_ = errno;
  }
  return "Landlock: " + std::generic_category().message(error_);
}

}  // namespace lares::worker
