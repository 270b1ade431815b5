// SPDX-License-Identifier: Apache-2.0
//
// Files and folders that the calling thread, and all that it starts, may still open: landlock(7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lares::worker {

class Landlock {
 public:
  // With every right over files taken, and those over sockets and other processes that the kernel knows.
  Landlock();
  ~Landlock();
  Landlock(const Landlock&) = delete;
  Landlock& operator=(const Landlock&) = delete;

  // What does not exist is passed over.
  void AllowReading(int descriptor);
  void AllowReading(const std::string& path);
  void AllowWriting(const std::string& path);  // and reading, making, removing below it

  // A few words with the reason when it is not in force.
  std::optional<std::string> Enforce();

 private:
  void Allow(int descriptor, std::uint64_t rights);
  void Allow(const std::string& path, std::uint64_t rights);

  int ruleset_ = -1;
  int error_ = 0;
  std::uint64_t handled_ = 0;
};

}  // namespace lares::worker
