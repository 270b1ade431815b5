// SPDX-License-Identifier: Apache-2.0
#include "app/main/private_server.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/data_directory.h"

namespace lares::app {
namespace {

using base::Code;

constexpr auto kPoll = std::chrono::milliseconds(20);
constexpr auto kPatience = std::chrono::seconds(20);

// Removes the server's folder at the end of the process; one per process.
std::string g_folder;  // NOLINT: atexit takes no argument
void RemoveFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(g_folder, ignored);
}

base::Result<std::string> MakeFolder() {
  const char* root = std::getenv("XDG_RUNTIME_DIR");
  std::string folder = std::string(root != nullptr ? root : "/tmp") + "/lares-run-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    return base::Fail(Code::kFailedPrecondition, "cannot make " + folder + ": " + std::strerror(errno));
  }
  g_folder = folder;
  std::atexit(&RemoveFolder);
  return folder;
}

[[noreturn]] void BecomeServer(const std::string& model, const std::string& folder) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // it owns nothing that needs a farewell
  setpgid(0, 0);                     // Ctrl-C is for the chat, not for its server
  const std::string listen = "unix:" + folder + "/lares.sock";
  const char* const argv[] = {"lares",  "serve",        model.c_str(), "--listen", listen.c_str(),
                              "--data", folder.c_str(), "--log-level", "error",    nullptr};
  execv("/proc/self/exe", const_cast<char* const*>(argv));
  std::perror("lares: cannot start the private server");
  _exit(127);
}

}  // namespace

base::Result<std::string> StartPrivateServer(const std::string& model_path) {
  auto folder = MakeFolder();
  if (!folder) return base::Fail(folder.error());
  std::fprintf(stderr, "lares: no server runs; loading %s for this command\n", model_path.c_str());
  const pid_t child = fork();
  if (child < 0)
    return base::Fail(Code::kResourceExhausted, std::string("cannot fork: ") + std::strerror(errno));
  if (child == 0) BecomeServer(model_path, *folder);
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < until) {
    auto running = FindRunningServer(*folder);
    if (running && *running && !(*running)->url.empty()) return (*running)->url;
    if (waitpid(child, nullptr, WNOHANG) == child) {
      return base::Fail(Code::kFailedPrecondition, "the model could not be served; the reason stands above");
    }
    std::this_thread::sleep_for(kPoll);
  }
  kill(child, SIGKILL);
  return base::Fail(Code::kDeadlineExceeded, "the private server did not start to listen");
}

}  // namespace lares::app
