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

ThreadPool::ThreadPool(Options options) : options_(std::move(options)), queue_(options_.backlog) {
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this, name = options_.name + "/" + std::to_string(i)] { Work(name); });
  }
}

ThreadPool::~ThreadPool() { Stop(); }

bool ThreadPool::TryRun(std::function<void()> work) { return queue_.TryPush(std::move(work)); }

void ThreadPool::Stop() {
  queue_.Close();
  queue_.Drain();  // what it returns is destroyed here, outside the queue's lock
  threads_.clear();
}

void ThreadPool::Work(const std::string& name) {
  DescribeThisThread(name, options_.nice);
  std::function<void()> work;
  while (queue_.Pop(work)) {
    try {
      work();
    } catch (...) {
      if (options_.exceptions != nullptr) options_.exceptions->Caught(options_.name);
    }
    work = nullptr;
  }
}

}  // namespace lares::base
