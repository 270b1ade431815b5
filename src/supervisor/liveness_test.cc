// SPDX-License-Identifier: Apache-2.0
#include "supervisor/liveness.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace lares::supervisor {
namespace {

using base::Duration;
using base::Time;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kEvery = milliseconds(100);

// A worker in virtual time. Steps take as long as the test says, plus what they wait for a CPU.
struct Worker {
  void Begin(Duration predicted) {
    poll.began = poll.now;
    poll.due = poll.now + predicted;
  }
  void End() { ++poll.counter; }
  // Time passes without progress; `waiting` of it runnable without a CPU. Says when it is found to hang.
  std::optional<Duration> Stand(Duration time, double waiting = 0) {
    const Time from = poll.now;
    while (poll.now < from + time) {
      poll.now += kEvery;
      poll.waited_for_cpu += std::chrono::duration_cast<Duration>(kEvery * waiting);
      if (auto why = liveness.Observe(poll)) {
        said = *why;
        return poll.now - from;
      }
    }
    return std::nullopt;
  }

  Liveness liveness;
  Liveness::Poll poll;
  std::string said;
};

TEST(Liveness, AStepThatStandsStillIsNoticedAfterItsMargin) {
  for (const int step : {5, 30, 100, 200, 2000}) {
    Worker worker;
    worker.Begin(milliseconds(step));
    const auto found = worker.Stand(seconds(30));
    ASSERT_TRUE(found) << step;
    EXPECT_GT(*found, milliseconds(step) * 3 + seconds(5)) << step;
    EXPECT_LE(*found, milliseconds(step) * 3 + seconds(5) + 4 * kEvery) << step;
  }
}

TEST(Liveness, WhoIsStoppedIsNoticedWithinASecondAtWorkOrNot) {
  for (const bool at_work : {true, false}) {
    Worker worker;
    if (at_work) worker.Begin(seconds(60));
    EXPECT_FALSE(worker.Stand(kEvery));
    worker.poll.stopped = true;
    const auto found = worker.Stand(seconds(10));
    ASSERT_TRUE(found) << at_work;
    EXPECT_LT(*found, seconds(1)) << at_work;
    EXPECT_EQ(worker.said, "the process is stopped (SIGSTOP)");
  }
}

TEST(Liveness, ItSaysWhatItSaw) {
  Worker worker;
  worker.Begin(milliseconds(30));
  ASSERT_TRUE(worker.Stand(seconds(10)));
  EXPECT_EQ(worker.said, "no progress for 5300 ms in a step that was to take 30 ms");
}

TEST(Liveness, WithoutWorkNothingHangs) {
  Worker worker;
  EXPECT_FALSE(worker.Stand(std::chrono::hours(1)));
}

TEST(Liveness, ALongPromptIsNoHang) {
  Worker worker;
  worker.Begin(seconds(40));
  EXPECT_FALSE(worker.Stand(seconds(60)));
  EXPECT_TRUE(worker.Stand(seconds(120)));
}

TEST(Liveness, WaitingForACpuIsNoHang) {
  Worker worker;
  worker.Begin(milliseconds(30));
  EXPECT_FALSE(worker.Stand(seconds(30), 1.0));
  EXPECT_TRUE(worker.Stand(seconds(6)));
}

TEST(Liveness, ProgressStartsTheCountAnew) {
  Worker worker;
  for (int i = 0; i < 50; ++i) {
    worker.Begin(milliseconds(30));
    EXPECT_FALSE(worker.Stand(milliseconds(5200))) << i;
    worker.End();
  }
}

TEST(Liveness, AResetForgetsTheProcessBefore) {
  Worker worker;
  worker.Begin(milliseconds(30));
  EXPECT_FALSE(worker.Stand(milliseconds(5200)));
  worker.liveness.Reset();
  worker.poll.waited_for_cpu = {};
  worker.poll.began = worker.poll.due = std::nullopt;
  EXPECT_FALSE(worker.Stand(milliseconds(300)));
}

// Mixed load beside neighbours that take the CPUs away for up to seconds: steps take up to twice their
// prediction in CPU time, and whatever they wait. No false alarm; and when the worker then stops, it is
// found.
TEST(Liveness, UnderStressThereIsNoFalseAlarmAndAStopIsFound) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto in = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
    Worker worker;
    Time next_poll{};
    const auto pass = [&](Duration time, bool waiting) {
      const Time end = worker.poll.now + time;
      while (worker.poll.now < end) {
        const Time to = std::min(end, std::max(next_poll, worker.poll.now));
        if (waiting) worker.poll.waited_for_cpu += to - worker.poll.now;
        worker.poll.now = to;
        if (to < next_poll) continue;
        next_poll = to + kEvery;
        ASSERT_FALSE(worker.liveness.Observe(worker.poll)) << "seed " << seed;
      }
    };
    for (int step = 0; step < 400; ++step) {
      const int predicted = in(0, 9) == 0 ? in(100, 5000) : in(5, 60);
      worker.Begin(milliseconds(predicted));
      const int pieces = in(1, 4);
      for (int i = 0; i < pieces; ++i) {
        pass(milliseconds(in(predicted / 2, 2 * predicted)) / pieces, false);
        if (in(0, 3) == 0) pass(milliseconds(in(1, 3000)), true);
      }
      worker.End();
    }
    worker.Begin(milliseconds(30));
    EXPECT_TRUE(worker.Stand(seconds(10))) << "seed " << seed;
  }
}

}  // namespace
}  // namespace lares::supervisor
