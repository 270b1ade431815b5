// SPDX-License-Identifier: Apache-2.0
#include "worker/program_file.h"

#include <fcntl.h>
#include <unistd.h>

namespace lares::worker {

ProgramFile::ProgramFile(const std::string& name)
    : name_(name), descriptor_(::open(name.c_str(), O_PATH | O_CLOEXEC)) {}

ProgramFile::~ProgramFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string ProgramFile::path() const {
  if (descriptor_ < 0) return name_;
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(descriptor_);
}

}  // namespace lares::worker
