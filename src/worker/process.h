// SPDX-License-Identifier: Apache-2.0
//
// A child process that holds nothing of ours but what it is given.
#pragma once

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/clock.h"
#include "base/error.h"

namespace lares::worker {

struct ProcessOptions {
  std::string program;                 // a path
  std::vector<std::string> arguments;  // with the program's name as the first
  std::vector<std::string> environment;
  // Descriptors that it gets, as 3, 4, ... in this order, beside the standard three. They stay the caller's.
  std::vector<int> descriptors;
  int standard_output = 1;
  int standard_error = 2;  // what it writes its log to
};

// One owner; not thread safe, except Signal, which any thread may call.
class Process {
 public:
  // The child ends when the calling thread ends (PR_SET_PDEATHSIG belongs to the thread): call it on one that
  // lives as long as the child may. In the child no signal is blocked or ignored, and the working folder is
  // the root. An error when the program cannot be started.
  static base::Result<std::unique_ptr<Process>> Spawn(const ProcessOptions& options);

  // Kills it and waits, when it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }

  // Nothing when it has ended already.
  void Signal(int number) const;

  // Becomes readable when it ends.
  int descriptor() const { return descriptor_; }

  // How it ended, in words ("exit 3", "signal 6 (Aborted)"), once it has; waits for up to `patience`. Then
  // always the same.
  std::optional<std::string> Ended(base::Duration patience);
  // Of the process that has ended: what it died of; zero when it ended by itself.
  int death() const { return death_; }

 private:
  Process(pid_t pid, int descriptor) : pid_(pid), descriptor_(descriptor) {}

  const pid_t pid_;
  const int descriptor_;  // a pidfd: no other process can ever be meant
  std::optional<std::string> ended_;
  int death_ = 0;
};

}  // namespace lares::worker
