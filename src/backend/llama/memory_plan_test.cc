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

// all-MiniLM-L6-v2 in F16.
GgufSummary Encoder() {
  GgufSummary model;
  model.purpose = core::ModelPurpose::kEmbed;
  model.causal = false;
  model.tensor_bytes = 43 * kMiB;
  model.vocabulary = 30522;
  model.block_count = 6;
  model.context_length = 512;
  model.embedding_length = 384;
  model.feed_forward_length = 1536;
  model.head_count = 12;
  model.kv_values_per_token = 6ULL * 12 * 64;
  return model;
}

TEST(MemoryPlan, AModelThatGeneratesNothingHasNoSlots) {
  const auto plan = PlanMemory(Encoder(), Host(16'000), {.slots = 4, .host_cache_bytes = 100 * kMiB});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->slots, 0);
  EXPECT_EQ(plan->slot_cells, 512);
  EXPECT_EQ(plan->kv_bytes, 0U);
  EXPECT_EQ(plan->host_cache_bytes, 0U);
  EXPECT_GT(plan->embedding_bytes, 0U);
  EXPECT_THAT(plan->line, testing::AllOf(HasSubstr("texts of up to 512 tokens"), HasSubstr("43 MiB"),
                                         testing::Not(HasSubstr("--parallel"))));
  EXPECT_EQ(PlanMemory(Encoder(), Host(16'000), {.slot_cells = 4096})->slot_cells, 512)
      << "it knows no positions beyond";
  EXPECT_EQ(PlanMemory(Encoder(), Host(16'000), {.slot_cells = 256})->slot_cells, 256);
}

TEST(MemoryPlan, LongTextsGiveWayToMemory) {
  GgufSummary model = Encoder();
  model.context_length = 8192;
  const auto roomy = PlanMemory(model, Host(16'000), {});
  ASSERT_TRUE(roomy);
  EXPECT_EQ(roomy->slot_cells, 8192);
  const auto tight = PlanMemory(model, Host(300), {});
  ASSERT_TRUE(tight);
  EXPECT_LT(tight->slot_cells, 8192);
  EXPECT_LT(tight->needed_bytes(), 300 * kMiB);
  const auto refused = PlanMemory(model, Host(300), {.slot_cells = 8192});
  ASSERT_FALSE(refused) << "what was asked for stays";
  EXPECT_EQ(refused.error().code(), Code::kResourceExhausted);
  EXPECT_THAT(refused.error().message(), testing::AllOf(HasSubstr("8192"), HasSubstr("--ctx-size")));
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

TEST(MemoryPlan, SaysWhatWasChosenAndHowToChangeIt) {
  const auto plan =
      PlanMemory(Small(), Host(16'000), {.host_cache_bytes = 512 * kMiB, .gpu_layers = "all layers"});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->host_cache_bytes, 512 * kMiB);
  EXPECT_THAT(plan->line,
              testing::AllOf(HasSubstr("all layers on a GPU (--gpu-layers)"), HasSubstr("--host-cache"),
                             HasSubstr("512 MiB"), HasSubstr("embeddings 2")));
  EXPECT_EQ(plan->needed_bytes(), plan->weight_bytes + plan->kv_bytes + plan->compute_bytes +
                                      plan->embedding_bytes + plan->host_cache_bytes);
  // 8,192 cells, and the scores of 256 rows.
  EXPECT_GT(plan->embedding_bytes, 8192ULL * 23'040 + 256ULL * 49'152 * 4);
  EXPECT_LT(plan->embedding_bytes, 300 * kMiB);
}

TEST(MemoryPlan, SavedStatesGiveWayFirstAndEmbeddingsLast) {
  for (const std::uint64_t free : {8000U, 2000U, 1000U, 600U, 400U, 320U}) {
    const auto with = PlanMemory(Small(), Host(free), {.host_cache_bytes = 512 * kMiB});
    const auto without = PlanMemory(Small(), Host(free), {});
    ASSERT_TRUE(with) << free;
    EXPECT_EQ(with->kv_bytes, without->kv_bytes) << "saved states cost nobody a slot";
    EXPECT_LE(with->needed_bytes(), free * kMiB * 9 / 10);
    EXPECT_GT(with->embedding_bytes, 0U) << free;
    EXPECT_LE(with->host_cache_bytes, 512 * kMiB);
  }
  const auto tight =
      PlanMemory(Small(), Host(2000), {.slots = 8, .slot_cells = 8192, .host_cache_bytes = 512 * kMiB});
  ASSERT_TRUE(tight);
  EXPECT_EQ(tight->embedding_bytes, 0U);
  EXPECT_LT(tight->host_cache_bytes, 100 * kMiB);
  EXPECT_LE(tight->needed_bytes(), 1800 * kMiB);
  EXPECT_THAT(tight->warning, HasSubstr("embed"));
}

TEST(MemoryPlan, WithAGpuSavedStatesAreInTheMachinesOwnMemory) {
  auto host = Host(4000);
  host.memory_beside = 1000 * kMiB;
  const auto plan = PlanMemory(Small(), host, {.host_cache_bytes = 512 * kMiB});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->host_cache_bytes, 450 * kMiB);
  EXPECT_EQ(plan->needed_bytes(),
            plan->weight_bytes + plan->kv_bytes + plan->compute_bytes + plan->embedding_bytes);
}

TEST(MemoryPlan, UnknownMemoryIsNoObstacle) {
  const auto plan = PlanMemory(Small(), HostResources{}, {.host_cache_bytes = 512 * kMiB});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->host_cache_bytes, 512 * kMiB);
  EXPECT_GT(plan->embedding_bytes, 0U);
}

}  // namespace
}  // namespace lares::backend::llama
