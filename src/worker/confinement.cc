// SPDX-License-Identifier: Apache-2.0
#include "worker/confinement.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <system_error>

#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "worker/landlock.h"

namespace lares::worker {
namespace {

// What the kernel says of this machine's memory and CPUs, and of this process's limits.
constexpr const char* kFacts[] = {
    "/proc/meminfo",           "/proc/self/status",        "/proc/self/cgroup",   "/sys/fs/cgroup",
    "/sys/devices/system/cpu", "/sys/devices/system/node", "/proc/self/mountinfo"};

constexpr const char* kGpuRead[] = {"/proc", "/sys", "/usr", "/lib", "/lib64", "/etc", "/opt"};
constexpr const char* kGpuWrite[] = {"/dev", "/tmp"};

// Memory, threads, time, and reading and writing what is open.
constexpr std::initializer_list<int> kAllowed = {
    SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(mbind), SCMP_SYS(membarrier), SCMP_SYS(mincore),
    SCMP_SYS(mlock), SCMP_SYS(mlock2), SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(mremap),
    SCMP_SYS(munlock), SCMP_SYS(munmap), SCMP_SYS(get_mempolicy), SCMP_SYS(set_mempolicy),
    //
    SCMP_SYS(close), SCMP_SYS(dup), SCMP_SYS(eventfd2), SCMP_SYS(fadvise64), SCMP_SYS(fcntl), SCMP_SYS(fstat),
    SCMP_SYS(fstatfs), SCMP_SYS(lseek), SCMP_SYS(newfstatat), SCMP_SYS(poll), SCMP_SYS(ppoll),
    SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(read), SCMP_SYS(readahead), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(readv), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx), SCMP_SYS(write),
    SCMP_SYS(writev), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(getdents64),
    SCMP_SYS(getcwd),
    //
    SCMP_SYS(getsockopt), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(sendto),
    SCMP_SYS(shutdown),
    //
    SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(futex), SCMP_SYS(futex_waitv), SCMP_SYS(get_robust_list),
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(restart_syscall), SCMP_SYS(rseq), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigpending), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(sched_get_priority_max), SCMP_SYS(sched_get_priority_min), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler), SCMP_SYS(sched_setaffinity),
    SCMP_SYS(sched_setscheduler), SCMP_SYS(sched_yield), SCMP_SYS(set_robust_list), SCMP_SYS(set_tid_address),
    SCMP_SYS(getpriority), SCMP_SYS(setpriority), SCMP_SYS(sigaltstack),
    //
    SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(gettimeofday),
    SCMP_SYS(nanosleep), SCMP_SYS(time),
    //
    SCMP_SYS(getcpu), SCMP_SYS(getegid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getrandom),
    SCMP_SYS(getrlimit), SCMP_SYS(getrusage), SCMP_SYS(getuid), SCMP_SYS(sysinfo), SCMP_SYS(uname)};

constexpr std::initializer_list<int> kOpening = {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2),
                                                 SCMP_SYS(creat)};

constexpr std::initializer_list<int> kAllowedWithGpu = {
    SCMP_SYS(ioctl),         SCMP_SYS(mkdir),      SCMP_SYS(mkdirat),      SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),      SCMP_SYS(rename),     SCMP_SYS(renameat),     SCMP_SYS(renameat2),
    SCMP_SYS(ftruncate),     SCMP_SYS(flock),      SCMP_SYS(memfd_create), SCMP_SYS(pipe2),
    SCMP_SYS(pwrite64),      SCMP_SYS(socketpair), SCMP_SYS(fallocate),    SCMP_SYS(statfs),
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),  SCMP_SYS(epoll_wait),   SCMP_SYS(get_robust_list),
    SCMP_SYS(utimensat),     SCMP_SYS(chmod),      SCMP_SYS(fchmod),       SCMP_SYS(umask),
    SCMP_SYS(mknod),         SCMP_SYS(mknodat)};

std::string Missing(const char* what, int error) {
  return std::string(what) + ": " + std::generic_category().message(error);
}

// A seccomp filter; the library speaks in negative error numbers.
class Filter {
 public:
  explicit Filter(std::uint32_t otherwise) : context_(::seccomp_init(otherwise)) {
    if (context_ == nullptr) error_ = ENOMEM;
    // The kernel's own error numbers.
    if (context_ != nullptr) Note(::seccomp_attr_set(context_, SCMP_FLTATR_API_SYSRAWRC, 1));
  }
  ~Filter() {
    if (context_ != nullptr) ::seccomp_release(context_);
  }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  void Add(std::uint32_t action, int call) {
    Note(::seccomp_rule_add_array(context_, action, call, 0, nullptr));
  }
  void Add(std::uint32_t action, int call, scmp_arg_cmp when) {
    Note(::seccomp_rule_add_array(context_, action, call, 1, &when));
  }
  void OfAllThreads() { Note(::seccomp_attr_set(context_, SCMP_FLTATR_CTL_TSYNC, 1)); }

  std::optional<std::string> Load() {
    if (error_ == 0) Note(::seccomp_load(context_));
    if (error_ == 0) return std::nullopt;
    return Missing("seccomp", error_);
  }

 private:
  void Note(int result) {
    // -EDOM: this machine has no such call.
    if (result < 0 && result != -EDOM && error_ == 0) error_ = -result;
  }

  scmp_filter_ctx context_;
  int error_ = 0;
};

std::optional<std::string> FilterCalls(bool gpu) {
  Filter filter(SCMP_ACT_ERRNO(EPERM));
  for (const int call : kAllowed) filter.Add(SCMP_ACT_ALLOW, call);
  for (const int call : kOpening) filter.Add(SCMP_ACT_ALLOW, call);
  if (gpu) {
    for (const int call : kAllowedWithGpu) filter.Add(SCMP_ACT_ALLOW, call);
  }
  // Threads, but no processes; clone3 hides its flags behind a pointer, and the C library does without.
  constexpr scmp_datum_t kThread = CLONE_THREAD;
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(clone), {0, SCMP_CMP_MASKED_EQ, kThread, kThread});
  filter.Add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  // abort() signals its own process.
  const auto self = static_cast<scmp_datum_t>(::getpid());
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), {0, SCMP_CMP_EQ, self, 0});
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), {0, SCMP_CMP_EQ, 0, 0});
  for (const int option : {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_SET_NO_NEW_PRIVS}) {
    filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(prctl), {0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(option), 0});
  }
  // CloseFiles takes more away.
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(seccomp));
  return filter.Load();
}

// No memory of prompts on the disk; more descriptors than it needs would only be used against us.
void LimitResources(bool gpu) {
  constexpr rlim_t kDescriptors = 256;
  constexpr rlimit kNone{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &kNone);
  rlimit files{};
  if (gpu || ::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max <= kDescriptors) return;
  files = {.rlim_cur = kDescriptors, .rlim_max = kDescriptors};
  ::setrlimit(RLIMIT_NOFILE, &files);
}

// When memory is short the kernel shall take the worker, which comes back, and not its gateway.
void OfferToOutOfMemoryKiller() { std::ofstream("/proc/self/oom_score_adj") << 500; }

}  // namespace

std::vector<std::string> Confine(const Confinement& confinement) {
  std::vector<std::string> missing;
  OfferToOutOfMemoryKiller();
  LimitResources(confinement.gpu);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) missing.push_back(Missing("no new privileges", errno));
  Landlock files;
  for (const int descriptor : confinement.files) files.AllowReading(descriptor);
  for (const char* path : kFacts) files.AllowReading(path);
  if (confinement.gpu) {
    for (const char* path : kGpuRead) files.AllowReading(path);
    for (const char* path : kGpuWrite) files.AllowWriting(path);
    if (const char* cache = std::getenv("CUDA_CACHE_PATH")) files.AllowWriting(std::string(cache));
    if (const char* home = std::getenv("HOME")) files.AllowWriting(std::string(home) + "/.nv");
  }
  if (auto why = files.Enforce()) missing.push_back(std::move(*why));
  if (auto why = FilterCalls(confinement.gpu)) missing.push_back(std::move(*why));
  return missing;
}

std::vector<std::string> CloseFiles() {
  Filter filter(SCMP_ACT_ALLOW);
  for (const int call : kOpening) filter.Add(SCMP_ACT_ERRNO(EACCES), call);
  filter.OfAllThreads();
  if (auto why = filter.Load()) return {std::move(*why)};
  return {};
}

}  // namespace lares::worker
