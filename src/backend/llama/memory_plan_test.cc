// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/memory_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lares::backend::llama {
namespace {

using base::Code;
using testing::HasSubstr;

constexpr std::uint64_t kMiB = 1U << 20U;

// SmolLM2-135M in Q8_0.
GgufSummary Small() {
  GgufSummary model;
  model.tensor_bytes = 138 * kMiB;
  model.vocabulary = 49152;
  model.block_count = 30;
  model.context_length = 8192;
  model.embedding_length = 576;
  model.feed_forward_length = 1536;
  model.head_count = 9;
  model.kv_values_per_token = 30ULL * 3 * 128;
  return model;
}

HostResources Host(std::uint64_t free_mib, std::int32_t cpus = 2) {
  return {.memory_free = free_mib * kMiB, .memory_total = 2 * free_mib * kMiB, .cpus = cpus};
}

TEST(MemoryPlan, DefaultsFollowTheModelAndTheMachine) {
  const auto plan = PlanMemory(Small(), Host(16'000), {});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->slots, 8);
  EXPECT_EQ(plan->slot_cells, 8192);
  EXPECT_EQ(plan->threads, 2);
  EXPECT_EQ(plan->cell_bytes, 23'040U);
  EXPECT_EQ(plan->kv_bytes, 8ULL * 8192 * 23'040);
  EXPECT_THAT(plan->line,
              testing::AllOf(HasSubstr("8192 tokens"), HasSubstr("--ctx-size"), HasSubstr("--parallel"),
                             HasSubstr("--threads"), HasSubstr("--kv-type"), HasSubstr("1.4 GiB")));
  EXPECT_EQ(plan->warning, "");
  EXPECT_EQ(PlanMemory(Small(), Host(64'000, 16), {})->slots, 32) << "more CPUs serve more";
  auto tiny = Small();
  tiny.context_length = 2000;
  EXPECT_EQ(PlanMemory(tiny, Host(16'000), {})->slot_cells, 2048) << "padded, not beyond what was trained";
}

TEST(MemoryPlan, ShrinksWhatItChoseItself) {
  std::uint64_t before = UINT64_MAX;
  for (const std::uint64_t free : {8000U, 2000U, 1000U, 600U, 400U, 300U}) {
    const auto plan = PlanMemory(Small(), Host(free), {});
    ASSERT_TRUE(plan) << free;
    EXPECT_LE(plan->kv_bytes, before);
    EXPECT_LT(plan->needed_bytes(), free * kMiB);
    before = plan->kv_bytes;
  }
  const auto fixed = PlanMemory(Small(), Host(1000), {.slot_cells = 8192});
  ASSERT_TRUE(fixed);
  EXPECT_EQ(fixed->slot_cells, 8192) << "what was asked for stays";
  EXPECT_LT(fixed->slots, 8);
}

TEST(MemoryPlan, RefusesWithTheNumbers) {
  const auto model = PlanMemory(Small(), Host(100), {});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code(), Code::kResourceExhausted);
  EXPECT_THAT(model.error().message(), testing::AllOf(HasSubstr("138 MiB"), HasSubstr("100 MiB")));
  const auto wish = PlanMemory(Small(), Host(2000), {.slots = 64, .slot_cells = 8192});
  ASSERT_FALSE(wish);
  EXPECT_THAT(wish.error().message(), testing::AllOf(HasSubstr("64 x 8192"), HasSubstr("--parallel")));
  EXPECT_TRUE(PlanMemory(Small(), Host(2000), {.slots = 8, .slot_cells = 8192}))
      << "an explicit wish may take more than half";
  EXPECT_EQ(PlanMemory(Small(), Host(9000), {.slots = 257}).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(PlanMemory(Small(), Host(9000), {.slot_cells = 10}).error().code(), Code::kInvalidArgument);
  EXPECT_EQ(PlanMemory(Small(), Host(9000), {.threads = -1}).error().code(), Code::kInvalidArgument);
}

TEST(MemoryPlan, WarnsOfWishesThatHurt) {
  EXPECT_THAT(PlanMemory(Small(), Host(16'000), {.slots = 1, .slot_cells = 16384})->warning,
              HasSubstr("trained on"));
  EXPECT_THAT(PlanMemory(Small(), Host(16'000), {.threads = 8})->warning, HasSubstr("more than the 2 CPUs"));
}

TEST(MemoryPlan, UnknownMemoryIsNoObstacle) { EXPECT_TRUE(PlanMemory(Small(), HostResources{}, {})); }

}  // namespace
}  // namespace lares::backend::llama
