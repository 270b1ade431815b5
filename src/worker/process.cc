// SPDX-License-Identifier: Apache-2.0
#include "worker/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lares::worker {
namespace {

using base::Code;

constexpr int kFirstGiven = 3;
constexpr base::Duration kMostPatience = std::chrono::hours(24);

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  // execve does not write to them.
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

base::Error SystemError(const std::string& what) {
  return {Code::kInternal, what + ": " + std::generic_category().message(errno)};
}

// The child's first and only steps; other threads are gone and may have held any lock, so only what is safe
// in a signal handler is called. Tells `report` the error number when it fails.
struct Launch {
  const char* program;
  char* const* arguments;
  char* const* environment;
  int* descriptors;  // moved above all targets first
  int count;
  int standard_output;
  int standard_error;
  int report;
  pid_t parent;

  [[noreturn]] void Run() {
    Prepare();
    ::execve(program, arguments, environment);
    Fail();
  }

  [[noreturn]] void Fail() const {
    const int number = errno;
    // When the parent is gone, nobody wants to know.
    if (::write(report, &number, sizeof number) < 0) ::_exit(127);
    ::_exit(127);
  }

  void Prepare() {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent) Fail();
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    if (::chdir("/") != 0) Fail();
    ::setpgid(0, 0);  // Ctrl-C in a terminal is for the gateway
    GiveDescriptors();
  }

  // No target may overwrite what is still to be moved: everything goes out of the way first.
  void GiveDescriptors() {
    const int above = kFirstGiven + count + 1;
    report = Above(report, above);
    if (standard_output != 1 && ::dup2(standard_output, 1) < 0) Fail();
    if (standard_error != 2 && ::dup2(standard_error, 2) < 0) Fail();
    for (int i = 0; i < count; ++i) descriptors[i] = Above(descriptors[i], above);
    for (int i = 0; i < count; ++i) {
      if (::dup2(descriptors[i], kFirstGiven + i) < 0) Fail();
    }
    // All others close when the program starts; the report does, too, and so says that it has.
    ::syscall(SYS_close_range, kFirstGiven + count, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  }

  int Above(int descriptor, int least) const {
    const int moved = ::fcntl(descriptor, F_DUPFD_CLOEXEC, least);
    if (moved < 0) Fail();
    return moved;
  }
};

std::string InWords(int status) {
  if (WIFEXITED(status)) return "exit " + std::to_string(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  return "signal " + std::to_string(number) + " (" + ::strsignal(number) + ")";
}

}  // namespace

base::Result<std::unique_ptr<Process>> Process::Spawn(const ProcessOptions& options) {
  const auto arguments = Pointers(options.arguments);
  const auto environment = Pointers(options.environment);
  std::vector<int> descriptors = options.descriptors;
  std::array<int, 2> report{};
  if (::pipe2(report.data(), O_CLOEXEC) != 0) return base::Fail(SystemError("no pipe"));
  Launch launch{.program = options.program.c_str(),
                .arguments = arguments.data(),
                .environment = environment.data(),
                .descriptors = descriptors.data(),
                .count = static_cast<int>(descriptors.size()),
                .standard_output = options.standard_output,
                .standard_error = options.standard_error,
                .report = report[1],
                .parent = ::getpid()};
  const pid_t pid = ::fork();
  if (pid == 0) launch.Run();
  ::close(report[1]);
  if (pid < 0) {
    ::close(report[0]);
    return base::Fail(SystemError("no process"));
  }
  // The child is not waited for yet, so its number is its own.
  const int descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U));
  int number = 0;
  ssize_t got = 0;
  while ((got = ::read(report[0], &number, sizeof number)) < 0 && errno == EINTR) {
  }
  ::close(report[0]);
  if (got != 0 || descriptor < 0) {
    errno = got != 0 ? number : errno;
    const base::Error why = SystemError(options.program + " cannot be started");
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    if (descriptor >= 0) ::close(descriptor);
    return base::Fail(why);
  }
  return std::unique_ptr<Process>(new Process(pid, descriptor));
}

Process::~Process() {
  Signal(SIGKILL);
  if (!ended_) ::waitpid(pid_, nullptr, 0);
  ::close(descriptor_);
}

void Process::Signal(int number) const { ::syscall(SYS_pidfd_send_signal, descriptor_, number, nullptr, 0U); }

std::optional<std::string> Process::Ended(base::Duration patience) {
  if (ended_) return ended_;
  pollfd entry{.fd = descriptor_, .events = POLLIN, .revents = 0};
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(std::min(patience, kMostPatience));
  if (::poll(&entry, 1, static_cast<int>(wait.count())) <= 0) return std::nullopt;
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) return std::nullopt;
  ended_ = InWords(status);
  death_ = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return ended_;
}

}  // namespace lares::worker
