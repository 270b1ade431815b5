// SPDX-License-Identifier: Apache-2.0
//
// The promise, in virtual time: answers that are being written keep their pace while a long prompt is read,
// and the prompt is not read much later for it. Costs as measured on two cores with a 135M model, Q4_0.
#include <algorithm>
#include <cstdio>
#include <vector>

#include <gtest/gtest.h>

#include "scheduler/played_engine.h"

namespace lares::scheduler {
namespace {

base::Duration Ms(double ms) { return base::FromSeconds(ms / 1000); }

struct Outcome {
  double worst_ms = 0;
  double p99_ms = 0;
  double first_token_s = 0;
  std::vector<std::size_t> chunks;
};

// `before`: other long prompts that were read earlier, from which the depth's cost could be learned.
Outcome NewcomerAmongEight(double target_ms, double noise, int before, std::uint64_t seed) {
  Options options{.slots = 12, .slot_cells = 4096, .total_cells = 12 * 4096, .max_rows = 512};
  options.inter_token_p99 = Ms(target_ms);
  PlayedEngine engine(options, seed, TwoCoreCosts(noise, seed));
  std::vector<double> gaps;
  bool measuring = false;
  engine.on_gap = [&](const PlayedEngine::Record&, base::Duration gap) {
    if (measuring) gaps.push_back(base::Milliseconds(gap));
  };
  const auto admit = [&](SequenceId id, std::size_t length, std::int32_t answer) {
    EXPECT_TRUE(
        engine.Admit({.id = id, .symbols = Babble(id, length), .max_new = answer, .tenant = "t"}, answer));
  };
  for (SequenceId id = 1; id <= 8; ++id) admit(id, 128, 2000);
  for (int i = 0; i < 100; ++i) engine.RunStep();
  for (int i = 0; i < before; ++i) {
    admit(static_cast<SequenceId>(100 + i), 2048, 1);
    while (engine.unfinished() > 8) engine.RunStep();
  }
  for (int i = 0; i < 50; ++i) engine.RunStep();
  measuring = true;
  admit(99, 2048, 1);
  Outcome outcome;
  while (engine.unfinished() > 8) {
    engine.RunStep();
    for (const PrefillChunk& chunk : engine.last_step().prefill) outcome.chunks.push_back(chunk.count);
  }
  engine.RunStep();
  EXPECT_TRUE(engine.faults().empty());
  std::ranges::sort(gaps);
  outcome.worst_ms = gaps.back();
  outcome.p99_ms = gaps[gaps.size() * 99 / 100];
  const auto& record = engine.records().at(99);
  outcome.first_token_s = base::Seconds(record.first_token - record.arrived);
  return outcome;
}

void Print(const char* name, const Outcome& o) {
  std::printf("%s: worst gap %.0f ms, p99 %.0f ms, first token %.2f s, chunks", name, o.worst_ms, o.p99_ms,
              o.first_token_s);
  for (const std::size_t c : o.chunks) std::printf(" %zu", c);
  std::printf("\n");
}

TEST(NewcomerTest, KnownMachine) {
  const Outcome o = NewcomerAmongEight(600, 0, 3, 1);
  Print("known, no noise", o);
  EXPECT_LE(o.worst_ms, 610);
  EXPECT_LE(o.first_token_s, 5.0);
}

TEST(NewcomerTest, KnownMachineWithNoise) {
  const Outcome o = NewcomerAmongEight(600, 0.03, 3, 2);
  Print("known, noise", o);
  EXPECT_LE(o.worst_ms, 640);
  EXPECT_LE(o.first_token_s, 5.3);
}

TEST(NewcomerTest, FirstLongPromptEver) {
  const Outcome o = NewcomerAmongEight(600, 0.03, 0, 3);
  Print("first, noise", o);
  EXPECT_LE(o.worst_ms, 800);
  EXPECT_LE(o.first_token_s, 6.5);
}

}  // namespace
}  // namespace lares::scheduler
