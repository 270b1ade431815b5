// SPDX-License-Identifier: Apache-2.0
#include "engine/local/row_pool.h"

#include <algorithm>

#include "base/thread_pool.h"

namespace lares::engine {

RowPool::RowPool(std::size_t helpers) {
  for (std::size_t i = 0; i < helpers; ++i) {
    threads_.emplace_back([this, i] {
      base::DescribeThisThread("sample", 0);
      Help(i);
    });
  }
}

RowPool::~RowPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  start_.notify_all();
}

void RowPool::TakeRows() {
  for (std::size_t i = next_.fetch_add(1); i < rows_; i = next_.fetch_add(1)) (*work_)(i);
}

void RowPool::Help(std::size_t index) {
  std::uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    start_.wait(lock, [&] { return stop_ || (round_ != seen && index < wanted_); });
    if (stop_) return;
    seen = round_;
    lock.unlock();
    TakeRows();
    lock.lock();
    if (--busy_ == 0) done_.notify_one();
  }
}

void RowPool::ForEach(std::size_t rows, const std::function<void(std::size_t)>& work) {
  if (rows < 2 || threads_.empty()) {
    for (std::size_t i = 0; i < rows; ++i) work(i);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    rows_ = rows;
    work_ = &work;
    next_ = 0;
    busy_ = wanted_ = std::min(threads_.size(), rows - 1);
    ++round_;
  }
  start_.notify_all();
  TakeRows();
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return busy_ == 0; });
}

}  // namespace lares::engine
