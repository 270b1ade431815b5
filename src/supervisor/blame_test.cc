// SPDX-License-Identifier: Apache-2.0
#include "supervisor/blame.h"

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "supervisor/quarantine.h"

namespace lares::supervisor {
namespace {

using Requests = std::vector<std::string>;

TEST(Blame, WithoutACrashEverybodyRuns) {
  const Blame blame;
  EXPECT_TRUE(blame.MayRun("a"));
}

TEST(Blame, SuspectsGoOneByOneAndEverybodyElseWaits) {
  Blame blame;
  EXPECT_FALSE(blame.OnCrash(Requests{"a", "b", "c"}));
  EXPECT_TRUE(blame.MayRun("a"));
  EXPECT_FALSE(blame.MayRun("b"));
  EXPECT_FALSE(blame.MayRun("new"));
  blame.OnPassed("a");
  EXPECT_FALSE(blame.MayRun("a"));
  EXPECT_TRUE(blame.MayRun("b"));
  blame.OnEnd("b");
  blame.OnPassed("c");
  EXPECT_TRUE(blame.MayRun("a"));
  EXPECT_TRUE(blame.MayRun("new"));
  EXPECT_EQ(blame.suspects(), 0U);
}

TEST(Blame, WhoDiesAloneIsGuilty) {
  Blame blame;
  EXPECT_FALSE(blame.OnCrash(Requests{"a", "poison", "c"}));
  blame.OnPassed("a");
  EXPECT_EQ(blame.OnCrash(Requests{"poison"}), "poison");
  EXPECT_FALSE(blame.MayRun("a"));
  blame.OnPassed("c");
  EXPECT_TRUE(blame.MayRun("a"));
}

TEST(Blame, OneCrashAloneIsNoProof) {
  Blame blame;
  EXPECT_FALSE(blame.OnCrash(Requests{"a"}));
  EXPECT_TRUE(blame.MayRun("a"));
  EXPECT_EQ(blame.OnCrash(Requests{"a"}), "a");
}

TEST(Blame, ACrashWithoutAnybodyBlamesNobody) {
  Blame blame;
  EXPECT_FALSE(blame.OnCrash({}));
  EXPECT_TRUE(blame.MayRun("a"));
}

// Some requests kill their worker when they are computed for the `at`th time. Each of them is found after it
// killed two, and nobody else ever is; all others end.
TEST(Blame, EveryPoisonIsFoundAfterTwoWorkersAndNobodyElse) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    const auto in = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
    struct Request {
      int at = 0;        // dies in this step of its own; 0: never
      int done = 0;      // steps
      int died_at = -1;  // where its worker died
      int kills = 0;
    };
    std::map<std::string, Request> waiting;
    const int poisons = in(0, 3);
    const int all = in(poisons, 20);
    for (int i = 0; i < all; ++i) waiting["r" + std::to_string(i)] = {.at = i < poisons ? in(1, 10) : 0};
    Blame blame;
    int rounds = 0;
    Requests guilty;
    while (!waiting.empty()) {
      ASSERT_LT(++rounds, 10'000) << "seed " << seed << ": it never ends";
      // The call: some of those that may run, always one.
      Requests call;
      for (const auto& [id, request] : waiting) {
        if (blame.MayRun(id) && (call.empty() || in(0, 3) > 0)) call.push_back(id);
      }
      ASSERT_FALSE(call.empty()) << "seed " << seed << ": nobody may run";
      const bool dies =
          std::ranges::any_of(call, [&](const auto& id) { return waiting[id].at == waiting[id].done + 1; });
      if (dies) {
        for (const auto& id : call) {
          waiting[id].died_at = waiting[id].done;
          if (waiting[id].at == waiting[id].done + 1) ++waiting[id].kills;
        }
        if (const auto found = blame.OnCrash(call)) {
          ASSERT_GT(waiting[*found].at, 0) << "seed " << seed << ": " << *found << " is innocent";
          guilty.push_back(*found);
          ASSERT_EQ(waiting[*found].kills, 2) << "seed " << seed;
          waiting.erase(*found);
        }
        continue;
      }
      for (const auto& id : call) {
        Request& request = waiting[id];
        ++request.done;
        if (request.done > request.died_at) blame.OnPassed(id);
        if (request.done < 12) continue;
        blame.OnEnd(id);
        waiting.erase(id);
      }
    }
    ASSERT_EQ(guilty.size(), static_cast<std::size_t>(poisons)) << "seed " << seed;
  }
}

TEST(Quarantine, HoldsForAWhileAndNoMoreThanItMay) {
  const base::Time start{};
  Quarantine quarantine({.time = std::chrono::minutes(10), .most = 2});
  quarantine.Add("a", start);
  quarantine.Add("a", start + std::chrono::minutes(5));
  EXPECT_EQ(quarantine.size(), 1U);
  EXPECT_TRUE(quarantine.Holds("a", start + std::chrono::minutes(14)));
  EXPECT_FALSE(quarantine.Holds("a", start + std::chrono::minutes(15)));
  for (const char* digest : {"b", "c", "d"}) quarantine.Add(digest, start + std::chrono::minutes(15));
  EXPECT_FALSE(quarantine.Holds("b", start + std::chrono::minutes(15)));
  EXPECT_TRUE(quarantine.Holds("d", start + std::chrono::minutes(15)));
}

}  // namespace
}  // namespace lares::supervisor
