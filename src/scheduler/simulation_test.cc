// SPDX-License-Identifier: Apache-2.0
//
// Days of traffic in seconds: a queue that fills and empties, mixed lengths, several tenants, shared
// prefixes, clients that go away, calls that take longer than usual, all in virtual time. Nobody may be lost,
// the bound on the time between two tokens must hold, and no tenant may push another away.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "scheduler/played_engine.h"

namespace lares::scheduler {
namespace {

using std::chrono::milliseconds;

struct Scenario {
  std::string name;
  Options options;
  double per_second = 1;  // requests; the machine can do about two and a half
  double noise = 0.03;
  double cancelled = 0.02;
  PlayedEngine::Mishaps mishaps;
};

Options SixteenSlots() {
  Options options{
      .slots = 16, .slot_cells = 2048, .total_cells = 16 * 2048, .max_rows = 512, .max_waiting = 256};
  options.inter_token_p99 = milliseconds(500);
  options.host_cache_bytes = 200'000'000;
  options.cell_bytes = 22'500;
  return options;
}

// The measured machine, with a call now and then that the system held up.
PlayedEngine::Costs Costs(double noise, std::uint64_t seed) {
  const auto base = TwoCoreCosts(noise, seed);
  auto random = std::make_shared<std::mt19937_64>(seed + 1);
  const auto held_up = [random](base::Duration d) { return (*random)() % 400 == 0 ? d * 3 / 2 : d; };
  return {.decode = [=](const CallShape& s) { return held_up(base.decode(s)); },
          .prefill = [=](const CallShape& s) { return held_up(base.prefill(s)); }};
}

class Simulation {
 public:
  Simulation(const Scenario& scenario, std::uint64_t seed)
      : scenario_(scenario),
        random_(seed),
        engine_(scenario.options, seed, Costs(scenario.noise, seed), scenario.mishaps) {
    engine_.on_gap = [this](const PlayedEngine::Record&, base::Duration gap) {
      if (reading_step_) gaps_.push_back(base::Milliseconds(gap));
      ++tokens_;
    };
    engine_.on_first_token = [this](const PlayedEngine::Record& record) {
      ++tokens_;
      const bool batch = record.sequence.service_class == core::ServiceClass::kBatch;
      const std::string& tenant = record.sequence.tenant;
      first_tokens_[batch ? tenant + "/batch" : tenant].push_back(
          base::Seconds(record.first_token - record.arrived));
    };
    engine_.on_end = [this](const PlayedEngine::Record& record) {
      EXPECT_EQ(record.produced, record.answer);
      ended_.push_back(record.sequence.id);
    };
  }

  void Run(int requests) {
    base::Time next = engine_.now();
    while (offered_ < requests || engine_.unfinished() > 0) {
      while (offered_ < requests && next <= engine_.now()) {
        Offer();
        next += base::FromSeconds(std::exponential_distribution<>(scenario_.per_second)(random_));
      }
      if (Chance(scenario_.cancelled / 10)) engine_.LoneReaderLeavesAfter(milliseconds(Uniform(0, 200)));
      // The step before decides what a gap in this step consists of.
      const bool read_before = !engine_.last_step().prefill.empty();
      reading_step_ = read_before;
      if (!engine_.RunStep()) {
        if (offered_ >= requests) {
          ASSERT_EQ(engine_.unfinished(), 0U) << "idle with work to do";
        }
        engine_.AdvanceTo(next);
      }
      ASSERT_TRUE(engine_.faults().empty()) << engine_.faults().front();
      if (++steps_ % 997 == 0) engine_.scheduler().CheckInvariants();
      for (const SequenceId id : std::exchange(ended_, {})) engine_.ForgetRecord(id);
      MaybeCancel();
    }
    engine_.RunStep();
    engine_.scheduler().CheckInvariants();
    EXPECT_EQ(engine_.scheduler().stats().running + engine_.scheduler().stats().waiting, 0U);
  }

  double GapQuantile(double q) {
    std::ranges::sort(gaps_);
    return gaps_[static_cast<std::size_t>(q * static_cast<double>(gaps_.size() - 1))];
  }
  double FirstTokenQuantile(const std::string& tenant, double q) {
    auto& times = first_tokens_[tenant];
    std::ranges::sort(times);
    return times.empty() ? 0 : times[static_cast<std::size_t>(q * static_cast<double>(times.size() - 1))];
  }

  double MeanFirstToken(const std::string& tenant) const {
    const auto& times = first_tokens_.at(tenant);
    return std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
  }
  std::size_t served(const std::string& tenant) const { return first_tokens_.at(tenant).size(); }

  void Print() {
    const Stats stats = engine_.scheduler().stats();
    std::printf(
        "%s: %d requests (%d refused, %d cancelled) in %.1f h, %ld steps, %ld tokens, gaps while reading "
        "p50 %.0f p99 %.0f max %.0f ms, hits %.0f %%, preempted %lu; first token p50/p99 s:",
        scenario_.name.c_str(), offered_, refused_, cancelled_,
        base::Seconds(engine_.now().time_since_epoch()) / 3600, steps_, tokens_, GapQuantile(0.5),
        GapQuantile(0.99), GapQuantile(1),
        100.0 * static_cast<double>(stats.cache_hit_symbols) /
            static_cast<double>(stats.cache_hit_symbols + stats.cache_miss_symbols),
        static_cast<unsigned long>(stats.preemptions));
    for (const auto& [tenant, times] : first_tokens_) {
      std::printf(" %s %.2f/%.2f", tenant.c_str(), FirstTokenQuantile(tenant, 0.5),
                  FirstTokenQuantile(tenant, 0.99));
    }
    std::printf("\n");
  }

 private:
  std::int64_t Uniform(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }

  // Tenant "flood" asks for most; the others now and then.
  void Offer() {
    const auto kind = Uniform(0, 9);
    std::vector<core::Symbol> symbols;
    if (kind < 3) {  // agents with one of three long beginnings
      symbols = Babble(static_cast<std::uint64_t>(Uniform(1, 3)), 600);
      const auto own =
          Babble(static_cast<std::uint64_t>(offered_) + 100, static_cast<std::size_t>(Uniform(8, 100)));
      symbols.insert(symbols.end(), own.begin(), own.end());
    } else if (kind < 9) {
      symbols = Babble(static_cast<std::uint64_t>(offered_) + 100, static_cast<std::size_t>(Uniform(8, 200)));
    } else {
      symbols =
          Babble(static_cast<std::uint64_t>(offered_) + 100, static_cast<std::size_t>(Uniform(500, 1700)));
    }
    const auto answer = static_cast<std::int32_t>(Uniform(1, 80));
    const auto tenant = Uniform(0, 9);
    ++offered_;
    Sequence sequence{.id = ++last_id_, .symbols = std::move(symbols), .max_new = 100, .tenant = "flood"};
    if (tenant >= 7) sequence.tenant = "t" + std::to_string(tenant);
    if (kind == 3) sequence.service_class = core::ServiceClass::kBatch;
    if (!engine_.Admit(std::move(sequence), answer)) ++refused_;
  }

  bool Chance(double p) { return std::uniform_real_distribution<>()(random_) < p; }

  void MaybeCancel() {
    if (last_id_ == 0 || !Chance(scenario_.cancelled / 10)) return;
    const auto id =
        static_cast<SequenceId>(Uniform(std::max<std::int64_t>(1, static_cast<std::int64_t>(last_id_) - 30),
                                        static_cast<std::int64_t>(last_id_)));
    if (!engine_.records().contains(id) || engine_.records().at(id).finished) return;
    if (engine_.records().at(id).cancelled) return;
    engine_.Cancel(id);
    ++cancelled_;
  }

  const Scenario scenario_;
  std::mt19937_64 random_;
  PlayedEngine engine_;
  std::vector<double> gaps_;
  std::map<std::string, std::vector<double>> first_tokens_;
  std::vector<SequenceId> ended_;
  bool reading_step_ = false;
  int offered_ = 0;
  int refused_ = 0;
  int cancelled_ = 0;
  long steps_ = 0;
  long tokens_ = 0;
  SequenceId last_id_ = 0;
};

int Requests() { return FullTier() ? 100'000 : 20'000; }

// What the promise is worth on this machine. Its noise (sigma of a call 3 %) is what the fitted margin is
// for, so the 99th percentile keeps the bound itself. One call in 400 takes half as long again, which no
// model can know: both calls of a step at once, at three sigmas, are the worst that a test of this length
// sees.
void ExpectGapsHeld(Simulation& simulation, base::Duration bound) {
  const double ms = base::Milliseconds(bound);
  EXPECT_LE(simulation.GapQuantile(0.99), ms);
  EXPECT_LE(simulation.GapQuantile(0.999), 1.5 * ms);
  EXPECT_LE(simulation.GapQuantile(1), 1.5 * 1.1 * ms);
}

TEST(SimulationTest, BusyDay) {
  const std::uint64_t seed = TestSeed(1);
  SCOPED_TRACE("repeat with LARES_SEED=" + std::to_string(seed));
  Simulation simulation({.name = "busy", .options = SixteenSlots(), .per_second = 0.8, .mishaps = {}}, seed);
  simulation.Run(Requests());
  simulation.Print();
  ExpectGapsHeld(simulation, SixteenSlots().inter_token_p99);
  // Nobody waits long when there is room for all, and everybody about as long.
  for (const char* tenant : {"flood", "t7", "t8", "t9"}) {
    EXPECT_LT(simulation.MeanFirstToken(tenant), 1.0) << tenant;
  }
}

// The machine can do about two and a half requests a second. "flood" alone asks for more; the other three ask
// for 0.4 each, less than the quarter that is theirs.
TEST(SimulationTest, Overload) {
  const std::uint64_t seed = TestSeed(2);
  SCOPED_TRACE("repeat with LARES_SEED=" + std::to_string(seed));
  Simulation simulation({.name = "overload", .options = SixteenSlots(), .per_second = 4, .mishaps = {}},
                        seed);
  simulation.Run(Requests());
  simulation.Print();
  ExpectGapsHeld(simulation, SixteenSlots().inter_token_p99);
  const double flood = simulation.MeanFirstToken("flood");
  for (const char* tenant : {"t7", "t8", "t9"}) {
    // A queue of its own at two thirds of its quarter: a few of its own requests' times, whatever "flood"
    // does.
    EXPECT_LT(simulation.MeanFirstToken(tenant), 2.5) << tenant;
    EXPECT_LT(simulation.MeanFirstToken(tenant), flood / 20) << tenant;
  }
  // And what the others leave is the flood's: it gets more than a quarter itself.
  EXPECT_GT(simulation.served("flood"), simulation.served("t7") * 2);
}

}  // namespace
}  // namespace lares::scheduler
