// SPDX-License-Identifier: Apache-2.0
#include "app/main/gpu_memory.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <iostream>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "app/command_line.h"
#include "app/config_loader.h"
#include "backend/llama/device_memory.h"
#include "base/terminal_text.h"
#include "worker/process.h"

namespace lares::app {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::size_t kMostBytes = 64U << 10U;

// What the child says until it has no more to say, or for as long as anybody would wait.
std::string ReadAll(int descriptor) {
  std::string text;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  std::array<char, 4096> buffer{};
  while (text.size() < kMostBytes) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd seen{.fd = descriptor, .events = POLLIN, .revents = 0};
    const int ready = left.count() > 0 ? ::poll(&seen, 1, static_cast<int>(left.count())) : 0;
    if (ready < 0 && errno == EINTR) continue;
    const auto got = ready > 0 ? ::read(descriptor, buffer.data(), buffer.size()) : 0;
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

std::string AskChild() {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return {};
  const auto child = worker::Process::Spawn({.program = "/proc/self/exe",
                                             .arguments = {"lares", "devices"},
                                             .environment = EnvironmentWithoutSettings(),
                                             .descriptors = {},
                                             .standard_output = pipe[1]});
  ::close(pipe[1]);
  std::string text = child ? ReadAll(pipe[0]) : std::string();
  ::close(pipe[0]);
  return text;
}

}  // namespace

std::uint64_t AskForGpuMemory() {
  std::istringstream lines(AskChild());
  std::uint64_t sum = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::uint64_t free = 0;
    if (words >> free) sum += free;
  }
  return sum;
}

int DevicesCommand() {
  for (const auto& device : backend::llama::ReadDeviceMemory()) {
    std::cout << device.free << " " << device.total << " " << base::ForTerminal(device.name) << "\n";
  }
  return std::cout.flush() ? kExitSuccess : kExitFailure;
}

}  // namespace lares::app
