// SPDX-License-Identifier: Apache-2.0
//
// A program held open: it can be started again and again, whatever lies under its name by then. Not thread
// safe.
#pragma once

#include <string>
#include <utility>

namespace lares::worker {

class ProgramFile {
 public:
  ProgramFile() = default;
  // The file that has the name now; when there is none, starting it will say so.
  explicit ProgramFile(const std::string& name);
  ~ProgramFile();
  ProgramFile(ProgramFile&& other) noexcept
      : name_(std::move(other.name_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  ProgramFile& operator=(ProgramFile&& other) noexcept {
    std::swap(name_, other.name_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

  // A path for execve, good in children, too.
  std::string path() const;

 private:
  std::string name_;
  int descriptor_ = -1;
};

}  // namespace lares::worker
