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
#include <vector>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/config_loader.h"
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

// What execve wants; the strings must outlive it.
std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> CommandLine(const std::string& model, const std::string& folder,
                                     const std::vector<std::string>& flags) {
  std::vector<std::string> words{"lares", "serve"};
  words.insert(words.end(), flags.begin(), flags.end());
  for (const std::string& word : {"--model=" + model, "--listen=unix:" + folder + "/lares.sock",
                                  "--data=" + folder, std::string("--log-level=error")}) {
    words.push_back(word);
  }
  return words;
}

[[noreturn]] void BecomeServer(char* const* arguments, char* const* environment) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // it owns nothing that needs a farewell
  setpgid(0, 0);                     // Ctrl-C is for the chat, not for its server
  execve("/proc/self/exe", arguments, environment);
  std::perror("lares: cannot start the private server");
  _exit(127);
}

}  // namespace

base::Result<std::string> StartPrivateServer(const std::string& model_path,
                                             const std::vector<std::string>& flags) {
  auto folder = MakeFolder();
  if (!folder) return base::Fail(folder.error());
  std::fprintf(stderr, "lares: no server runs; loading %s for this command\n", model_path.c_str());
  auto arguments = CommandLine(model_path, *folder, flags);
  // Settings for servers that others reach must not reach this one.
  auto environment = EnvironmentWithoutSettings();
  const auto argument_pointers = Pointers(arguments);
  const auto environment_pointers = Pointers(environment);
  const pid_t child = fork();
  if (child < 0)
    return base::Fail(Code::kResourceExhausted, std::string("cannot fork: ") + std::strerror(errno));
  if (child == 0) BecomeServer(argument_pointers.data(), environment_pointers.data());
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
