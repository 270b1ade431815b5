// SPDX-License-Identifier: Apache-2.0
//
// Takes from this process what a model needs not: afterwards it computes, and speaks through the descriptors
// that it has. A file it was not given cannot be opened, no socket made, no program started, no other process
// seen or signalled, no privilege gained. What stays, so that memory can be planned: reading what the kernel
// says of this machine's memory and of this process's own limits.
//
// Linux: Landlock (landlock(7)), seccomp (seccomp(2)), PR_SET_NO_NEW_PRIVS. Neither needs privileges.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lares::worker {

struct Confinement {
  std::vector<int> files;  // descriptors of files that may be opened again, for reading, by their names
  // With a GPU: device nodes, the driver's libraries and its cache of compiled kernels.
  bool gpu = false;
};

// For the calling thread and all that it starts: call it before there are others. Answers what could not be
// had, each as a few words with the reason; the rest is in force.
std::vector<std::string> Confine(const Confinement& confinement);

// For all threads, once the model is loaded: no file at all can be opened any more. Not with a GPU, whose
// driver opens files when it likes. Answers as above.
std::vector<std::string> CloseFiles();

}  // namespace lares::worker
