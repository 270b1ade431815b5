// SPDX-License-Identifier: Apache-2.0
#include "worker/progress_page.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <limits>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lares::worker {
namespace {

using base::Code;

base::Error SystemError(const char* what) {
  return {Code::kInternal, std::string(what) + ": " + std::generic_category().message(errno)};
}

// A foreign number as a time: a sum with it must not overflow.
base::Time TimeOf(std::int64_t ns) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 4;
  return base::Time(base::Duration(std::clamp<std::int64_t>(ns, 0, kMost)));
}

}  // namespace

std::uint64_t HashOf(std::string_view request) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : request) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return hash == 0 ? 1 : hash;  // zero stands for nobody
}

struct ProgressPage::Memory {
  std::atomic<std::uint64_t> counter;
  std::atomic<std::int64_t> began_ns;  // 0: at rest
  std::atomic<std::int64_t> due_ns;
  std::atomic<std::uint32_t> in_step;
  std::array<std::atomic<std::uint64_t>, kMostInStep> step;
  std::array<std::atomic<std::uint64_t>, kMostPreparing> preparing;  // 0: free
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
};

base::Result<std::unique_ptr<ProgressPage>> ProgressPage::Map(int descriptor, bool owned) {
  void* memory = ::mmap(nullptr, sizeof(Memory), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED) return base::Fail(SystemError("no shared memory"));
  return std::unique_ptr<ProgressPage>(
      new ProgressPage(static_cast<Memory*>(memory), owned ? descriptor : -1));
}

base::Result<std::unique_ptr<ProgressPage>> ProgressPage::Create() {
  const int descriptor = ::memfd_create("lares-progress", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) return base::Fail(SystemError("no shared memory"));
  // Sealed, so that no worker can cut the page off under its reader.
  if (::ftruncate(descriptor, sizeof(Memory)) != 0 ||
      ::fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    const base::Error why = SystemError("no shared memory");
    ::close(descriptor);
    return base::Fail(why);
  }
  auto page = Map(descriptor, true);
  if (!page) ::close(descriptor);
  return page;
}

base::Result<std::unique_ptr<ProgressPage>> ProgressPage::Open(int descriptor) {
  struct stat info{};
  if (::fstat(descriptor, &info) != 0) return base::Fail(SystemError("no progress page"));
  if (info.st_size != static_cast<off_t>(sizeof(Memory))) {
    return base::Fail(Code::kInvalidArgument, "the progress page has another size than this worker's");
  }
  return Map(descriptor, false);
}

ProgressPage::~ProgressPage() {
  ::munmap(memory_, sizeof(Memory));
  if (descriptor_ >= 0) ::close(descriptor_);
}

void ProgressPage::Begin(std::span<const std::string_view> requests, base::Time began, base::Time due) {
  const std::size_t count = std::min(requests.size(), kMostInStep);
  for (std::size_t i = 0; i < count; ++i) {
    memory_->step[i].store(HashOf(requests[i]), std::memory_order_relaxed);
  }
  memory_->in_step.store(static_cast<std::uint32_t>(count), std::memory_order_relaxed);
  memory_->due_ns.store(due.time_since_epoch().count(), std::memory_order_relaxed);
  memory_->began_ns.store(began.time_since_epoch().count(), std::memory_order_relaxed);
  memory_->counter.fetch_add(1, std::memory_order_release);
}

void ProgressPage::Beat() { memory_->counter.fetch_add(1, std::memory_order_relaxed); }

void ProgressPage::Rest() {
  memory_->in_step.store(0, std::memory_order_relaxed);
  memory_->began_ns.store(0, std::memory_order_relaxed);
  memory_->counter.fetch_add(1, std::memory_order_release);
}

bool ProgressPage::AddPreparing(std::string_view request) {
  const std::uint64_t hash = HashOf(request);
  return std::ranges::any_of(memory_->preparing, [&](std::atomic<std::uint64_t>& place) {
    std::uint64_t free = 0;
    return place.compare_exchange_strong(free, hash, std::memory_order_relaxed);
  });
}

void ProgressPage::RemovePreparing(std::string_view request) {
  const std::uint64_t hash = HashOf(request);
  for (std::atomic<std::uint64_t>& place : memory_->preparing) {
    std::uint64_t mine = hash;
    if (place.compare_exchange_strong(mine, 0, std::memory_order_relaxed)) return;
  }
}

ProgressPage::View ProgressPage::Read() const {
  View view;
  view.counter = memory_->counter.load(std::memory_order_acquire);
  if (const std::int64_t began = memory_->began_ns.load(std::memory_order_relaxed); began > 0) {
    view.began = TimeOf(began);
    view.due = TimeOf(memory_->due_ns.load(std::memory_order_relaxed));
  }
  const std::size_t count =
      std::min<std::size_t>(memory_->in_step.load(std::memory_order_relaxed), kMostInStep);
  for (std::size_t i = 0; i < count; ++i) {
    view.at_work.push_back(memory_->step[i].load(std::memory_order_relaxed));
  }
  for (const std::atomic<std::uint64_t>& place : memory_->preparing) {
    if (const std::uint64_t hash = place.load(std::memory_order_relaxed); hash != 0) {
      view.at_work.push_back(hash);
    }
  }
  std::ranges::sort(view.at_work);
  const auto twice = std::ranges::unique(view.at_work);
  view.at_work.erase(twice.begin(), twice.end());
  return view;
}

}  // namespace lares::worker
