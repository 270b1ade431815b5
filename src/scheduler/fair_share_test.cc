// SPDX-License-Identifier: Apache-2.0
#include "scheduler/fair_share.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "scheduler/played_engine.h"

namespace lares::scheduler {
namespace {

TEST(FairShare, APauseSavesUpNothing) {
  FairShare shares;
  auto* busy = shares.Join("busy");
  auto* pausing = shares.Join("pausing");
  FairShare::Serve(*pausing, 100);
  shares.Leave(pausing);
  FairShare::Serve(*busy, 5000);
  EXPECT_EQ(shares.Join("pausing")->served, 5000);
  EXPECT_EQ(shares.Join("new")->served, 5000);
}

TEST(FairShare, WhoWasServedMoreDoesNotGetItBackByLeaving) {
  FairShare shares;
  auto* greedy = shares.Join("greedy");
  auto* other = shares.Join("other");
  FairShare::Serve(*greedy, 9000);
  FairShare::Serve(*other, 10);
  shares.Leave(greedy);
  EXPECT_EQ(shares.Join("greedy")->served, 9000);
}

TEST(FairShare, WhoLeavesLastSetsTheMarkForTheNext) {
  FairShare shares;
  auto* only = shares.Join("only");
  FairShare::Serve(*only, 700);
  shares.Leave(only);
  EXPECT_EQ(shares.Join("next")->served, 700);
}

TEST(FairShare, IdleTenantsAreForgottenBeyondABound) {
  FairShare shares;
  for (int i = 0; i < 5000; ++i) shares.Leave(shares.Join("t" + std::to_string(i)));
  EXPECT_LE(shares.known(), 1025U);
}

// Turns of any size, always to whoever has the least: between those who always have work the difference is
// never more than one turn; who comes and goes is never owed anything.
TEST(FairShareProperty, TwoThatAlwaysHaveWorkStayWithinOneTurn) {
  for (std::uint64_t i = 0; i < 50; ++i) {
    const std::uint64_t seed = TestSeed(40 + i);
    SCOPED_TRACE("repeat with LARES_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    const double most = 100;
    FairShare shares;
    std::vector<FairShare::Tenant*> always = {shares.Join("a"), shares.Join("b"), shares.Join("c")};
    FairShare::Tenant* guest = nullptr;
    for (int turn = 0; turn < 2000; ++turn) {
      if (random() % 50 == 0 && guest == nullptr) {
        guest = shares.Join("guest");
        const auto least = std::ranges::min(always, {}, &FairShare::Tenant::served);
        ASSERT_GE(guest->served, least->served);
      } else if (random() % 50 == 0 && guest != nullptr) {
        shares.Leave(guest);
        guest = nullptr;
      }
      auto waiting = always;
      if (guest != nullptr) waiting.push_back(guest);
      FairShare::Serve(*std::ranges::min(waiting, {}, &FairShare::Tenant::served),
                       std::uniform_real_distribution<>(1, most)(random));
      const auto [least, greatest] = std::ranges::minmax(always, {}, &FairShare::Tenant::served);
      ASSERT_LE(greatest->served - least->served, most);
    }
  }
}

}  // namespace
}  // namespace lares::scheduler
