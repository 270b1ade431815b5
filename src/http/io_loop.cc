// SPDX-License-Identifier: Apache-2.0
#include "http/io_loop.h"

#include <string>
#include <utility>

#include <boost/asio/post.hpp>

#include "base/check.h"
#include "base/thread_pool.h"

namespace lares::http {
namespace {

constexpr std::size_t kScratchBytes = 64 * 1024;

}  // namespace

IoLoop::IoLoop(std::size_t index, const base::Clock& clock, base::Duration sweep_interval,
               base::ExceptionReport* exceptions)
    : index_(index),
      clock_(clock),
      sweep_interval_(sweep_interval),
      exceptions_(exceptions),
      context_(1),
      sweep_timer_(context_),
      scratch_(kScratchBytes) {}

IoLoop::~IoLoop() { Stop(); }

void IoLoop::Start() {
  work_.emplace(context_.get_executor());
  {
    const std::lock_guard lock(mutex_);
    open_ = true;
  }
  ArmSweep();
  thread_ = std::jthread([this] {
    base::DescribeThisThread("http/" + std::to_string(index_), 0);
    Run();
  });
}

// Asio lets an exception of a handler out of run(), which may then be entered again.
void IoLoop::Run() {
  while (true) {
    try {
      context_.run();
      return;
    } catch (...) {
      if (exceptions_ != nullptr) exceptions_->Caught("http");
    }
  }
}

void IoLoop::Stop() {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(open_, false)) return;
  }
  boost::asio::post(context_, [this] {
    AbortAll();
    sweep_timer_.cancel();
    work_.reset();
  });
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();  // the last reference went on the loop itself
  } else {
    thread_.join();
  }
}

void IoLoop::Post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (open_) boost::asio::post(context_, std::move(work));
}

void IoLoop::Add(Sweepable* connection) {
  connections_.insert(connection);
  count_ = connections_.size();
}

void IoLoop::Remove(Sweepable* connection) {
  connections_.erase(connection);
  count_ = connections_.size();
}

// A connection may close itself, and so leave the set, while it is looked at.
void IoLoop::SweepAll() {
  const base::Time now = clock_.Now();
  for (Sweepable* connection : Snapshot()) {
    if (connections_.contains(connection)) connection->Sweep(now);
  }
}

void IoLoop::DrainAll() {
  for (Sweepable* connection : Snapshot()) {
    if (connections_.contains(connection)) connection->Drain();
  }
}

void IoLoop::AbortAll() {
  for (Sweepable* connection : Snapshot()) {
    if (connections_.contains(connection)) connection->Abort();
  }
}

void IoLoop::ArmSweep() {
  sweep_timer_.expires_after(
      std::chrono::duration_cast<boost::asio::steady_timer::duration>(sweep_interval_));
  sweep_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || !work_) return;
    ArmSweep();  // first: a sweep that throws must not be the last
    SweepAll();
  });
}

}  // namespace lares::http
