// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <array>
#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace lares::base {
namespace {

TEST(ThreadPool, StopWaitsForWhatRunsAndDropsTheRest) {
  std::latch started(1), go_on(1);
  std::atomic<bool> ran{false}, finished{false};
  const auto held = std::make_shared<int>(0);
  ThreadPool pool({.threads = 1, .backlog = 10, .nice = 0});
  EXPECT_TRUE(pool.TryRun([&] {
    started.count_down();
    go_on.wait();
    finished = true;
  }));
  started.wait();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(pool.TryRun([&ran, held] { ran = true; }));
  std::jthread stop([&] { pool.Stop(); });
  while (held.use_count() > 1) std::this_thread::yield();  // dropped while the first still runs
  EXPECT_FALSE(finished);
  EXPECT_FALSE(pool.TryRun([] {}));
  go_on.count_down();
  stop.join();
  EXPECT_TRUE(finished);
  EXPECT_FALSE(ran);
  pool.Stop();
}

TEST(ThreadPool, WorkThatThrowsEndsNothingElse) {
  const auto log = Logger::Silent();
  ExceptionReport exceptions(*log);
  std::latch done(1);
  ThreadPool pool({.threads = 1, .nice = 0, .exceptions = &exceptions});
  EXPECT_TRUE(pool.TryRun([] { throw std::runtime_error("no"); }));
  EXPECT_TRUE(pool.TryRun([] { throw 7; }));
  EXPECT_TRUE(pool.TryRun([&] { done.count_down(); }));
  done.wait();
}

TEST(ThreadPool, RefusesWhenTheBacklogIsFull) {
  std::latch started(1), go_on(1);
  ThreadPool pool({.threads = 1, .backlog = 1, .nice = 0});
  EXPECT_TRUE(pool.TryRun([&] {
    started.count_down();
    go_on.wait();
  }));
  started.wait();  // the worker has taken the first: the backlog is empty
  EXPECT_TRUE(pool.TryRun([] {}));
  EXPECT_EQ(pool.backlog(), 1U);
  EXPECT_FALSE(pool.TryRun([] {}));
  go_on.count_down();
}

TEST(ThreadPool, WorkersRunAtOnce) {
  std::latch all(3);
  ThreadPool pool({.threads = 3, .nice = 0});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pool.TryRun([&] { all.arrive_and_wait(); }));
  all.wait();
}

TEST(ThreadPool, ThreadsAreNamedAndNice) {
  std::array<char, 16> name{};
  int nice = 0;
  std::latch done(1);
  ThreadPool pool({.name = "render", .threads = 1, .nice = 10});
  EXPECT_TRUE(pool.TryRun([&] {
    pthread_getname_np(pthread_self(), name.data(), name.size());
    nice = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
    done.count_down();
  }));
  done.wait();
  EXPECT_STREQ(name.data(), "render/0");
  EXPECT_GE(nice, 10);
}

}  // namespace
}  // namespace lares::base
