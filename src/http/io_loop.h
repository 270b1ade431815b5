// SPDX-License-Identifier: Apache-2.0
//
// One I/O thread: an event loop, the connections that live on it, and the broom that goes round looking at
// their time limits. Work that it is given runs at normal priority and must be short; work that throws is
// given up and reported, and the loop goes on.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/clock.h"
#include "base/exception_report.h"
#include "http/executor.h"

namespace lares::http {

// What the loop asks of a connection. Called on the loop's thread.
class Sweepable {
 public:
  virtual ~Sweepable() = default;
  virtual void Sweep(base::Time now) = 0;  // time limits, heartbeats
  virtual void Drain() = 0;                // close when idle, else after the current answer
  virtual void Abort() = 0;                // close now
};

class IoLoop final : public Executor, public std::enable_shared_from_this<IoLoop> {
 public:
  // `exceptions`, when given, outlives the loop.
  IoLoop(std::size_t index, const base::Clock& clock, base::Duration sweep_interval,
         base::ExceptionReport* exceptions = nullptr);
  ~IoLoop() override;

  void Start();
  // Drops later posts, lets the loop run dry and joins. Connections must have been aborted.
  void Stop();

  void Post(std::function<void()> work) override;
  std::size_t index() const override { return index_; }

  // On the loop's thread:
  boost::asio::io_context& context() { return context_; }
  void Add(Sweepable* connection);
  void Remove(Sweepable* connection);
  void SweepAll();
  void DrainAll();
  void AbortAll();
  // Room for what was just read; shared by the loop's connections, so that an idle one needs none.
  std::vector<char>& scratch() { return scratch_; }

  // Any thread.
  std::size_t connections() const { return count_.load(std::memory_order_relaxed); }

 private:
  void Run();
  void ArmSweep();
  std::vector<Sweepable*> Snapshot() const { return {connections_.begin(), connections_.end()}; }

  const std::size_t index_;
  const base::Clock& clock_;
  const base::Duration sweep_interval_;
  base::ExceptionReport* const exceptions_;
  boost::asio::io_context context_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  boost::asio::steady_timer sweep_timer_;
  std::unordered_set<Sweepable*> connections_;
  std::vector<char> scratch_;
  std::atomic<std::size_t> count_ = 0;
  std::mutex mutex_;  // guards open_ against Post
  bool open_ = false;
  std::jthread thread_;
};

}  // namespace lares::http
