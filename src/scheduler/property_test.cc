// SPDX-License-Identifier: Apache-2.0
//
// Random traffic on random options with random mishaps: whatever happens, every sequence gets exactly its
// tokens, the books balance, nobody waits for ever. PlayedEngine checks each row, CheckInvariants the books.
#include <chrono>
#include <random>

#include <gtest/gtest.h>

#include "scheduler/played_engine.h"

namespace lares::scheduler {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class Die {
 public:
  explicit Die(std::uint64_t seed) : random_(seed) {}
  std::int64_t In(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  bool Of(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
  template <class T>
  T One(std::initializer_list<T> values) {
    return *(values.begin() + In(0, static_cast<std::int64_t>(values.size()) - 1));
  }

 private:
  std::mt19937_64 random_;
};

Options RandomOptions(Die& die) {
  Options options;
  options.slots = static_cast<std::int32_t>(die.In(1, 12));
  options.slot_cells = static_cast<std::int32_t>(die.In(40, 1500));
  const std::int64_t all = std::int64_t{options.slots} * options.slot_cells;
  options.total_cells =
      die.Of(0.5) ? all : die.In(std::min<std::int64_t>(options.slot_cells / 2 + 30, all), all);
  options.max_rows = static_cast<std::int32_t>(die.One({16, 64, 100, 512, 2048}));
  options.chunk_quantum = die.One({16, 64});
  options.max_waiting = static_cast<std::size_t>(die.In(1, 40));
  options.inter_token_p99 = milliseconds(die.One({20, 100, 500}));
  options.max_wait = milliseconds(die.One({500, 5000, 60000}));
  options.cell_bytes = 1000;
  options.host_cache_bytes = die.Of(0.3) ? 0 : static_cast<std::uint64_t>(die.In(10'000, 3'000'000));
  options.can_truncate = !die.Of(0.2);
  return options;
}

PlayedEngine::Mishaps RandomMishaps(Die& die) {
  if (die.Of(0.3)) return {};
  return {.interrupt = die.One({0.0, 0.3}),
          .out_of_cells = die.One({0.0, 0.02, 0.1}),
          .failed_spill = die.One({0.0, 0.3}),
          .failed_restore = die.One({0.0, 0.3}),
          .mute_row = die.One({0.0, 0.01})};
}

PlayedEngine::Costs RandomCosts(Die& die) {
  const double row_ms = die.One({0.05, 0.5, 3.0});
  const auto cost = [row_ms](double base) {
    return [=](const CallShape& s) {
      const double ms = base + row_ms * (static_cast<double>(s.rows) + s.rows_depth / 1000);
      return microseconds(static_cast<std::int64_t>(1000 * ms) + 1);
    };
  };
  return {.decode = cost(5 * row_ms), .prefill = cost(30 * row_ms)};
}

// A prompt that begins like others do: with one of few beginnings, cut anywhere, and an end of its own.
std::vector<core::Symbol> RandomPrompt(Die& die, std::int64_t most_rows, bool media) {
  const auto length = static_cast<std::size_t>(die.Of(0.3) ? die.In(1, std::min<std::int64_t>(most_rows, 20))
                                                           : die.In(1, most_rows));
  std::vector<core::Symbol> symbols = Babble(static_cast<std::uint64_t>(die.In(1, 3)), length);
  const auto shared = static_cast<std::size_t>(die.In(0, static_cast<std::int64_t>(length)));
  const auto own = Babble(static_cast<std::uint64_t>(die.In(4, 1'000'000'000)), length);
  if (!die.Of(0.2))
    std::copy(own.begin() + static_cast<std::ptrdiff_t>(shared), own.end(),
              symbols.begin() + static_cast<std::ptrdiff_t>(shared));
  if (!media) return symbols;
  // Some symbols become images; the same key always has the same size.
  std::int64_t rows = 0;
  std::vector<core::Symbol> mixed;
  for (core::Symbol symbol : symbols) {
    if (symbol.key % 13 == 0) {
      symbol = {.key = -1 - symbol.key,
                .rows = static_cast<std::int32_t>(symbol.key % 40 + 1),
                .positions = static_cast<std::int32_t>(symbol.key % 7 + 1)};
      symbol.positions = std::min(symbol.positions, symbol.rows);
    }
    if (rows + symbol.rows > most_rows) break;
    rows += symbol.rows;
    mixed.push_back(symbol);
  }
  if (mixed.empty()) mixed.push_back(core::Symbol::Token(1));
  return mixed;
}

class Play {
 public:
  explicit Play(std::uint64_t seed)
      : die_(seed),
        options_(RandomOptions(die_)),
        mishaps_(RandomMishaps(die_)),
        media_(die_.Of(0.3)),
        engine_(options_, seed + 1, RandomCosts(die_), mishaps_) {}

  void Run(int sequences) {
    while (next_ <= static_cast<SequenceId>(sequences)) {
      const auto burst = die_.One({1, 1, 2, 8});
      for (int i = 0; i < burst; ++i) AdmitOne();
      for (auto steps = die_.In(0, 12); steps > 0; --steps) Step();
      if (die_.Of(0.15))
        engine_.Cancel(static_cast<SequenceId>(die_.In(1, static_cast<std::int64_t>(next_) - 1)));
      if (::testing::Test::HasFailure()) return;
    }
    Drain();
  }

 private:
  void AdmitOne() {
    const std::int64_t cells = std::min<std::int64_t>(options_.slot_cells, options_.total_cells);
    const auto max_new = static_cast<std::int32_t>(die_.In(1, std::min<std::int64_t>(60, cells - 1)));
    Sequence sequence{.id = next_,
                      .symbols = RandomPrompt(die_, cells - max_new, media_),
                      .max_new = max_new,
                      .salt = static_cast<std::uint64_t>(die_.One({7, 7, 7, 8})),
                      .tenant = die_.One({"a", "b", "c"}),
                      .service_class = die_.One({core::ServiceClass::kInteractive,
                                                 core::ServiceClass::kNormal, core::ServiceClass::kBatch})};
    const auto before = engine_.scheduler().stats().waiting;
    const auto admitted = engine_.Admit(std::move(sequence), static_cast<std::int32_t>(die_.In(1, max_new)));
    if (!admitted) {
      EXPECT_EQ(admitted.error().code(), base::Code::kResourceExhausted);
      EXPECT_GE(before, options_.max_waiting);
      EXPECT_TRUE(admitted.error().retry_after().has_value());
      return;
    }
    // An id that was refused is used by nobody else.
    ++next_;
  }

  void Step() {
    if (die_.Of(0.1)) engine_.LoneReaderLeavesAfter(milliseconds(die_.In(0, 50)));
    const bool worked = engine_.RunStep();
    ASSERT_TRUE(worked || engine_.unfinished() == 0) << "idle with work to do: " << Describe();
    engine_.scheduler().CheckInvariants();
    ASSERT_TRUE(engine_.faults().empty()) << engine_.faults().front();
    if (!worked) engine_.AdvanceTo(engine_.now() + milliseconds(1));
  }

  std::string Describe() const {
    const Stats stats = engine_.scheduler().stats();
    return "waiting " + std::to_string(stats.waiting) + ", running " + std::to_string(stats.running) +
           ", cells free " + std::to_string(stats.cells_free) + ", used " + std::to_string(stats.cells_used) +
           ", cached " + std::to_string(stats.cells_cached) + " of " + std::to_string(stats.cells_total) +
           ", rows " + std::to_string(options_.max_rows) + (media_ ? ", media" : "") +
           (options_.can_truncate ? "" : ", whole only");
  }

  // Everything ends within a number of steps that follows from the work there is.
  void Drain() {
    std::int64_t work = 1000;
    for (const auto& [id, record] : engine_.records()) {
      if (!record.finished && !record.cancelled) {
        work += 40 * (static_cast<std::int64_t>(record.sequence.symbols.size()) + record.answer);
      }
    }
    while (engine_.unfinished() > 0 && work-- > 0) {
      Step();
      if (::testing::Test::HasFatalFailure()) return;
    }
    EXPECT_EQ(engine_.unfinished(), 0U) << "some never ended";
    while (engine_.RunStep()) engine_.scheduler().CheckInvariants();
    const Stats stats = engine_.scheduler().stats();
    EXPECT_EQ(stats.running, 0U);
    EXPECT_EQ(stats.waiting, 0U);
    EXPECT_EQ(stats.cells_used, 0);
  }

  Die die_;
  const Options options_;
  const PlayedEngine::Mishaps mishaps_;
  const bool media_;
  PlayedEngine engine_;
  SequenceId next_ = 1;
};

TEST(SchedulerPropertyTest, EverySequenceGetsExactlyItsTokens) {
  const int seeds = std::getenv("LARES_SEED") ? 1 : FullTier() ? 3000 : 150;
  for (int i = 0; i < seeds; ++i) {
    const std::uint64_t seed = TestSeed(1000 + static_cast<std::uint64_t>(i));
    SCOPED_TRACE("repeat with LARES_SEED=" + std::to_string(seed));
    Play(seed).Run(120);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace lares::scheduler
