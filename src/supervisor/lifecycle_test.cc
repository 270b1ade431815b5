// SPDX-License-Identifier: Apache-2.0
#include "supervisor/lifecycle.h"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lares::supervisor {
namespace {

using base::Duration;
using base::Time;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class LifecycleTest : public testing::Test {
 protected:
  void Pass(Duration time) { now_ += time; }
  void BecomeReady() {
    life_.OnLoaded(now_);
    life_.OnReady(now_);
  }
  Action Next() { return life_.Next(now_); }
  // Lets time pass until the next start, and says how long that took.
  Duration UntilSpawned() {
    const Time from = now_;
    while (Next() != Action::kSpawn) {
      EXPECT_TRUE(life_.wake());
      now_ = std::max(now_ + Duration(1), life_.wake().value_or(now_));
    }
    return now_ - from;
  }

  Time now_{};
  Lifecycle life_{{}, 1};
};

TEST_F(LifecycleTest, StartsLoadsCalibratesAndIsReady) {
  EXPECT_EQ(Next(), Action::kNone);
  life_.Want(true, now_);
  EXPECT_EQ(Next(), Action::kSpawn);
  EXPECT_EQ(Next(), Action::kNone);
  life_.OnProgress(40);
  life_.OnProgress(30);
  EXPECT_EQ(life_.view().percent, 40);
  EXPECT_EQ(life_.view().phase, Phase::kStarting);
  life_.OnLoaded(now_);
  EXPECT_EQ(life_.view().phase, Phase::kCalibrating);
  life_.OnReady(now_);
  EXPECT_EQ(life_.view().phase, Phase::kReady);
}

TEST_F(LifecycleTest, TheFirstCrashIsFollowedByAStartAtOnceAndTheNextOnesWaitLonger) {
  life_.Want(true, now_);
  EXPECT_EQ(UntilSpawned(), Duration(0));
  BecomeReady();
  life_.OnExit("signal 6", now_);
  EXPECT_EQ(life_.view().phase, Phase::kCrashed);
  EXPECT_EQ(life_.view().cause, "signal 6");
  EXPECT_EQ(UntilSpawned(), Duration(0));
  Duration wait = milliseconds(200);
  for (int i = 0; i < 3; ++i) {
    life_.OnExit("signal 6", now_);
    const Duration waited = UntilSpawned();
    EXPECT_GE(waited, wait / 2) << i;
    EXPECT_LE(waited, wait + Duration(1)) << i;
    wait *= 2;
  }
}

TEST_F(LifecycleTest, WhoWasWellForAWhileStartsAtOnceAgain) {
  life_.Want(true, now_);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(UntilSpawned(), Duration(0)) << i;
    BecomeReady();
    Pass(seconds(61));
    life_.OnExit("signal 6", now_);
  }
}

TEST_F(LifecycleTest, ASpentBudgetMeansQuarantineAndThenOneTry) {
  life_.Want(true, now_);
  for (int i = 0; i < 6; ++i) {
    UntilSpawned();
    life_.OnExit("signal 11", now_);
  }
  EXPECT_EQ(life_.view().phase, Phase::kQuarantined);
  EXPECT_EQ(life_.view().cause, "signal 11");
  EXPECT_GE(UntilSpawned(), seconds(30));
  life_.OnExit("signal 11", now_);
  EXPECT_EQ(life_.view().phase, Phase::kQuarantined);
  EXPECT_GE(UntilSpawned(), seconds(60));
  BecomeReady();
  Pass(seconds(61));
  life_.OnExit("signal 11", now_);
  EXPECT_EQ(life_.view().phase, Phase::kCrashed);
}

TEST_F(LifecycleTest, WhoAsksAnewEndsAQuarantine) {
  life_.Want(true, now_);
  for (int i = 0; i < 6; ++i) {
    UntilSpawned();
    life_.OnExit("signal 11", now_);
  }
  life_.Want(true, now_);
  EXPECT_EQ(Next(), Action::kSpawn);
}

TEST_F(LifecycleTest, AHungWorkerIsKilledOnceAndItsExitSaysWhy) {
  life_.Want(true, now_);
  UntilSpawned();
  BecomeReady();
  life_.OnHung("no progress for 3 s");
  life_.OnHung("no progress for 4 s");
  EXPECT_EQ(Next(), Action::kKill);
  EXPECT_EQ(Next(), Action::kNone);
  life_.OnExit("signal 9", now_);
  EXPECT_EQ(life_.view().cause, "no progress for 3 s");
  EXPECT_EQ(UntilSpawned(), Duration(0));
}

TEST_F(LifecycleTest, ADrainAsksFirstAndKillsWhenItTakesTooLong) {
  life_.Want(true, now_);
  UntilSpawned();
  BecomeReady();
  life_.Want(false, now_);
  EXPECT_EQ(life_.view().phase, Phase::kDraining);
  EXPECT_EQ(Next(), Action::kTerminate);
  EXPECT_EQ(Next(), Action::kNone);
  EXPECT_EQ(life_.wake(), now_ + seconds(30));
  Pass(seconds(30));
  EXPECT_EQ(Next(), Action::kKill);
  life_.OnExit("signal 9", now_);
  EXPECT_EQ(life_.view().phase, Phase::kStopped);
  EXPECT_EQ(life_.view().crashes, 0U);
  EXPECT_EQ(Next(), Action::kNone);
}

TEST_F(LifecycleTest, WantedAgainWhileItDrainsItComesBack) {
  life_.Want(true, now_);
  UntilSpawned();
  life_.Want(false, now_);
  life_.Want(true, now_);
  EXPECT_EQ(Next(), Action::kTerminate);
  life_.OnExit("exit 0", now_);
  EXPECT_EQ(Next(), Action::kSpawn);
}

// ---- seeded simulation: crashes, hangs, slow starts, flapping

struct World {
  explicit World(unsigned seed) : random(seed), life({}, seed) {}

  int In(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); }
  bool Chance(int percent) { return In(1, 100) <= percent; }

  // What the process will do next, if it lives.
  void Plan() {
    const bool well = now >= faults_end;
    if (life.view().phase == Phase::kReady) {
      const int until = well ? 3'600'000 : In(1, flapping ? 3'000 : 400'000);
      event = now + milliseconds(until);
      act = [this, well] {
        if (well) return;
        if (Chance(30)) {
          life.OnHung("hung");
        } else {
          life.OnExit("crashed", now);
        }
      };
    } else {
      event = now + milliseconds(In(50, well ? 3'000 : 60'000));
      act = [this, well] {
        if (!well && Chance(40)) {
          life.OnExit("crashed while it started", now);
        } else if (life.view().phase == Phase::kStarting) {
          life.OnLoaded(now);
        } else {
          life.OnReady(now);
        }
      };
    }
  }

  void Obey() {
    const bool was_alive = life.alive();
    switch (life.Next(now)) {
      case Action::kSpawn:
        ASSERT_FALSE(was_alive);
        spawns.push_back(now);
        Plan();
        break;
      case Action::kKill:
      case Action::kTerminate:
        ASSERT_TRUE(was_alive);
        // It ends a little later.
        event = now + milliseconds(In(1, 200));
        act = [this] { life.OnExit("ended", now); };
        break;
      case Action::kNone:
        break;
    }
  }

  std::mt19937_64 random;
  Lifecycle life;
  Time now{};
  Time faults_end = Time{} + std::chrono::hours(4);
  bool flapping = false;
  Time event = Time::max();
  std::function<void()> act;
  std::vector<Time> spawns;
};

void Simulate(unsigned seed) {
  World world(seed);
  world.flapping = seed % 2 == 0;
  const Time end = world.faults_end + std::chrono::hours(2);
  world.life.Want(true, world.now);
  while (world.now < end) {
    world.Obey();
    if (testing::Test::HasFatalFailure()) return;
    Time next = world.life.alive() ? world.event : Time::max();
    if (const auto wake = world.life.wake()) next = std::min(next, std::max(*wake, world.now));
    ASSERT_NE(next, Time::max()) << "nothing will ever happen again";
    world.now = std::max(next, world.now);
    if (world.life.alive() && world.now >= world.event) {
      world.act();
      if (world.life.alive()) world.Plan();
    }
  }
  EXPECT_EQ(world.life.view().phase, Phase::kReady);
  ASSERT_GT(world.spawns.size(), 8U) << "the worker hardly fell";
  // No storm: never more starts in a window than the budget and the tries behind quarantines.
  for (std::size_t i = 0; i + 12 < world.spawns.size(); ++i) {
    ASSERT_GT(world.spawns[i + 12] - world.spawns[i], minutes(5)) << "twelve starts in five minutes";
  }
}

TEST(LifecycleSimulation, WhateverTheWorkerDoesThereIsNoStormAndItComesBack) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulate(seed);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace lares::supervisor
