// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <array>
#include <atomic>
#include <latch>

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace lares::base {
namespace {

TEST(ThreadPool, DestructionFinishesWhatWasAccepted) {
  std::atomic<int> done{0};
  {
    ThreadPool pool({.threads = 2, .backlog = 1000, .nice = 0});
    for (int i = 0; i < 500; ++i) EXPECT_TRUE(pool.TryRun([&] { ++done; }));
  }
  EXPECT_EQ(done, 500);
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
  {
    ThreadPool pool({.name = "render", .threads = 1, .nice = 10});
    EXPECT_TRUE(pool.TryRun([&] {
      pthread_getname_np(pthread_self(), name.data(), name.size());
      nice = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
    }));
  }
  EXPECT_STREQ(name.data(), "render/0");
  EXPECT_GE(nice, 10);
}

}  // namespace
}  // namespace lares::base
