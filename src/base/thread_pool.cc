// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <utility>

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace lares::base {

void DescribeThisThread(const std::string& name, int nice) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
  if (nice != 0) setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), nice);
}

ThreadPool::ThreadPool(Options options) : queue_(options.backlog) {
  for (std::size_t i = 0; i < options.threads; ++i) {
    threads_.emplace_back([this, name = options.name + "/" + std::to_string(i), nice = options.nice] {
      DescribeThisThread(name, nice);
      std::function<void()> work;
      while (queue_.Pop(work)) {
        work();
        work = nullptr;
      }
    });
  }
}

ThreadPool::~ThreadPool() { queue_.Close(); }

bool ThreadPool::TryRun(std::function<void()> work) { return queue_.TryPush(std::move(work)); }

}  // namespace lares::base
