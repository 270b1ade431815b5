// SPDX-License-Identifier: Apache-2.0
#include "base/bounded_queue.h"

#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace lares::base {
namespace {

TEST(BoundedQueue, RefusesWhenFullAndLeavesTheValue) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_TRUE(queue.TryPush(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(queue.TryPush(std::move(second)));
  ASSERT_NE(second, nullptr);  // NOLINT(bugprone-use-after-move): a refused value is not moved
  EXPECT_EQ(*second, 2);
  EXPECT_EQ(queue.size(), 1U);
}

TEST(BoundedQueue, KeepsTheOrder) {
  BoundedQueue<int> queue(10);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(queue.TryPush(int{i}));
  int out = -1;
  EXPECT_TRUE(queue.Pop(out));
  EXPECT_EQ(out, 0);
  EXPECT_EQ(queue.Drain(), (std::deque<int>{1, 2, 3, 4}));
  EXPECT_TRUE(queue.Drain().empty());
}

TEST(BoundedQueue, CloseRefusesButLetsTheRestOut) {
  BoundedQueue<int> queue(10);
  EXPECT_TRUE(queue.TryPush(1));
  queue.Close();
  EXPECT_TRUE(queue.closed());
  EXPECT_FALSE(queue.TryPush(2));
  int out = 0;
  EXPECT_TRUE(queue.Pop(out));
  EXPECT_FALSE(queue.Pop(out));
}

TEST(BoundedQueue, WaitForTellsWhetherThereIsSomething) {
  BoundedQueue<int> queue(10);
  EXPECT_FALSE(queue.WaitFor(Duration{0}));
  EXPECT_TRUE(queue.TryPush(1));
  EXPECT_TRUE(queue.WaitFor(std::chrono::hours{1}));
  EXPECT_EQ(queue.Drain().size(), 1U);
  queue.Close();
  EXPECT_FALSE(queue.WaitFor(std::chrono::hours{1}));
}

TEST(BoundedQueue, CloseWakesAWaitingConsumer) {
  BoundedQueue<int> queue(10);
  std::jthread consumer([&] {
    int out = 0;
    EXPECT_FALSE(queue.Pop(out));
  });
  queue.Close();
}

TEST(BoundedQueue, ManyProducersLoseAndRepeatNothing) {
  constexpr int kProducers = 4, kEach = 5000;
  BoundedQueue<int> queue(64);
  std::vector<int> seen(static_cast<std::size_t>(kProducers * kEach), 0);
  {
    std::jthread consumer([&] {
      int out = 0;
      while (queue.Pop(out)) ++seen[static_cast<std::size_t>(out)];
    });
    {
      std::vector<std::jthread> producers;
      for (int p = 0; p < kProducers; ++p) {
        producers.emplace_back([&queue, p] {
          for (int i = 0; i < kEach; ++i) {
            while (!queue.TryPush(p * kEach + i)) std::this_thread::yield();
          }
        });
      }
    }
    queue.Close();
  }
  EXPECT_EQ(seen, std::vector<int>(seen.size(), 1));
}

}  // namespace
}  // namespace lares::base
