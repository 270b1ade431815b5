// SPDX-License-Identifier: Apache-2.0
//
// One worker as its gateway holds it: the process, the connection, the page that both see, and the watch over
// its progress. Not thread safe, except for the client.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "engine/step_report.h"
#include "supervisor/liveness.h"
#include "worker/client.h"
#include "worker/memory_group.h"
#include "worker/process.h"
#include "worker/progress_page.h"

namespace lares::worker {

// The worker's descriptors by number, the same on both sides.
inline constexpr int kChannelDescriptor = 3;
inline constexpr int kProgressDescriptor = 4;
inline constexpr int kFirstFileDescriptor = 5;

struct Command {
  std::string program;                 // a path
  std::vector<std::string> arguments;  // with the program's name as the first
  std::vector<std::string> environment;
  std::vector<std::string> files;  // opened for reading at each start, and given from kFirstFileDescriptor on
  std::string log_file;            // its standard error; empty: ours
};

class Instance {
 public:
  // `clock` and `steps` outlive it. Call it on a thread that lives as long as the process may (process.h).
  static base::Result<std::unique_ptr<Instance>> Start(const Command& command, const ClientOptions& client,
                                                       const supervisor::LivenessOptions& liveness,
                                                       const base::Clock& clock, engine::StepListener* steps);

  // Hangs up and gives it a while to end, before it is killed.
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  const std::shared_ptr<Client>& client() const { return client_; }
  Process& process() { return *process_; }

  // From now on it may take so much memory, where there are groups.
  base::Status LimitMemory(const MemoryGroups& groups, std::uint64_t bytes);

  // A sentence when it hangs.
  std::optional<std::string> Watch(base::Time now);

  // After its end: whether it was working on the request.
  bool WasAtWorkOn(const std::string& request) const;
  // What it said last has been heard, and everybody who waited for it has been told.
  void HangUp();

 private:
  Instance(std::unique_ptr<Process> process, std::shared_ptr<Client> client,
           std::unique_ptr<ProgressPage> page, const supervisor::LivenessOptions& liveness)
      : process_(std::move(process)),
        client_(std::move(client)),
        page_(std::move(page)),
        liveness_(liveness) {}

  std::unique_ptr<MemoryGroup> group_;  // goes after the process that is in it
  std::unique_ptr<Process> process_;
  std::shared_ptr<Client> client_;
  std::unique_ptr<ProgressPage> page_;
  supervisor::Liveness liveness_;
  std::optional<base::Time> silent_since_;  // it has work, and says that it has none
  std::uint64_t silent_at_ = 0;             // the page's counter then
};

}  // namespace lares::worker
