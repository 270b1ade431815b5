// SPDX-License-Identifier: Apache-2.0
//
// Threads for blocking or heavy work (rendering templates, tokenising, hashing, files). They run at `nice`
// so that they never take a core from the compute or the I/O threads. Bounded: TryRun refuses when the
// backlog is full. Thread safe.
//
// Work that throws is given up and reported; its thread goes on.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/exception_report.h"

namespace lares::base {

class ThreadPool {
 public:
  struct Options {
    std::string name = "pool";  // thread name as seen in top -H; at most 12 characters count
    std::size_t threads = 2;
    std::size_t backlog = 1024;
    int nice = 10;
    ExceptionReport* exceptions = nullptr;  // hears what work throws; outlives the pool
  };

  explicit ThreadPool(Options options);
  ~ThreadPool();  // Stop()
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // False when the backlog is full or the pool is stopping.
  bool TryRun(std::function<void()> work);

  // Refuses further work, drops what is queued (it is destroyed without being run) and waits for what runs:
  // whatever the work refers to may go afterwards. From one thread, not one of the pool's own; more than once
  // does no harm.
  void Stop();

  std::size_t backlog() const { return queue_.size(); }

 private:
  void Work(const std::string& name);

  const Options options_;
  BoundedQueue<std::function<void()>> queue_;
  std::vector<std::jthread> threads_;
};

// Names the calling thread and sets its nice value (Linux: per thread). Lowering below the current value may
// be refused by the system; that is not an error.
void DescribeThisThread(const std::string& name, int nice);

}  // namespace lares::base
