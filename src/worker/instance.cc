// SPDX-License-Identifier: Apache-2.0
#include "worker/instance.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/process_probe.h"

namespace lares::worker {
namespace {

using base::Code;

// A request that was sent is prepared (templates, grammars: bounded by seconds) before a step is made of it.
constexpr auto kMostPreparation = std::chrono::seconds(20);

// Of a process, before its model's first percent.
constexpr auto kMostOfABeginning = std::chrono::seconds(60);

// For a worker that nobody listens to any more.
constexpr auto kLeaveLimit = std::chrono::seconds(5);

// Descriptors that are ours until the child has its own.
class Descriptors {
 public:
  Descriptors() = default;
  ~Descriptors() {
    for (const int descriptor : own_) ::close(descriptor);
  }
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;

  int Keep(int descriptor) { return own_.emplace_back(descriptor); }

  base::Result<int> Open(const std::string& path, int flags) {
    const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (descriptor < 0) {
      return base::Fail(Code::kNotFound,
                        "cannot open " + path + ": " + std::generic_category().message(errno));
    }
    return Keep(descriptor);
  }

 private:
  std::vector<int> own_;
};

base::Result<std::pair<int, int>> SocketPair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return base::Fail(Code::kResourceExhausted, "no socket pair: " + std::generic_category().message(errno));
  }
  return std::pair(ends[0], ends[1]);
}

}  // namespace

base::Result<std::unique_ptr<Instance>> Instance::Start(const Command& command, const ClientOptions& client,
                                                        const supervisor::LivenessOptions& liveness,
                                                        const base::Clock& clock,
                                                        engine::StepListener* steps) {
  auto page = ProgressPage::Create();
  if (!page) return base::Fail(page.error());
  auto ends = SocketPair();
  if (!ends) return base::Fail(ends.error());
  auto channel = std::make_unique<Channel>(ends->first);
  Descriptors descriptors;
  ProcessOptions options{.program = command.program,
                         .arguments = command.arguments,
                         .environment = command.environment,
                         .descriptors = {descriptors.Keep(ends->second), (*page)->descriptor()}};
  for (const std::string& path : command.files) {
    const auto file = descriptors.Open(path, O_RDONLY);
    if (!file) return base::Fail(file.error());
    options.descriptors.push_back(*file);
  }
  if (!command.log_file.empty()) {
    const auto file = descriptors.Open(command.log_file, O_WRONLY | O_APPEND | O_CREAT);
    if (!file) return base::Fail(file.error());
    options.standard_error = *file;
  }
  // Until it says more of itself.
  const base::Time now = clock.Now();
  (*page)->Begin({}, now, now + kMostOfABeginning);
  auto process = Process::Spawn(options);
  if (!process) return base::Fail(process.error());
  auto spoken = std::make_shared<Client>(client, std::move(channel), clock, steps);
  return std::unique_ptr<Instance>(
      new Instance(std::move(*process), std::move(spoken), std::move(*page), liveness));
}

Instance::~Instance() {
  HangUp();
  process_->Ended(kLeaveLimit);
}

base::Status Instance::LimitMemory(const MemoryGroups& groups, std::uint64_t bytes) {
  auto group = groups.Make(process_->pid());
  if (!group) return base::Fail(group.error());
  group_ = std::move(*group);
  return group_->Limit(bytes);
}

std::optional<std::string> Instance::Watch(base::Time now) {
  const ProgressPage::View view = page_->Read();
  const bool owes = client_->owes();
  const bool busy = view.began.has_value();
  supervisor::Liveness::Poll poll{.now = now, .counter = view.counter, .began = view.began, .due = view.due};
  if (busy || !owes || silent_at_ != view.counter) silent_since_.reset();
  if (!busy && owes) {
    // It says that there is nothing to do. Being prepared takes a while, but not for ever.
    if (!silent_since_) silent_since_ = now;
    silent_at_ = view.counter;
    poll.began = silent_since_;
    poll.due = *silent_since_ + kMostPreparation;
  }
  const auto seen = ProbeProcess(process_->pid());
  if (!seen) return std::nullopt;  // it has ended, which is seen elsewhere
  poll.waited_for_cpu = seen->waited_for_cpu;
  poll.stopped = seen->stopped;
  return liveness_.Observe(poll);
}

bool Instance::WasAtWorkOn(const std::string& request) const {
  const auto view = page_->Read();
  return std::ranges::binary_search(view.at_work, HashOf(request));
}

void Instance::HangUp() { client_->Close(); }

}  // namespace lares::worker
