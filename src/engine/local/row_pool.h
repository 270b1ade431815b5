// SPDX-License-Identifier: Apache-2.0
//
// Runs the same function for rows 0..n-1 on several threads, the caller among them and never more than there
// are rows, and returns when all are done. Sampling a grammar costs milliseconds a row; without one a row
// costs microseconds and the caller does them alone. One caller at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace lares::engine {

class RowPool {
 public:
  explicit RowPool(std::size_t helpers);
  ~RowPool();

  // `work(i)` must not throw and must touch row i only.
  void ForEach(std::size_t rows, const std::function<void(std::size_t)>& work);

 private:
  void Help(std::size_t index);
  void TakeRows();

  std::mutex mutex_;
  std::condition_variable start_, done_;
  std::uint64_t round_ = 0;
  std::size_t wanted_ = 0;  // helpers in this round: the first of them
  std::size_t busy_ = 0;
  bool stop_ = false;
  std::size_t rows_ = 0;
  std::atomic<std::size_t> next_{0};
  const std::function<void(std::size_t)>* work_ = nullptr;
  std::vector<std::jthread> threads_;
};

}  // namespace lares::engine
