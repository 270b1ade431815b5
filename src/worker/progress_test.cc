// SPDX-License-Identifier: Apache-2.0
#include "worker/progress.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/local/local_under_test.h"

namespace lares::worker {
namespace {

using std::chrono::seconds;

class ProgressTest : public testing::Test {
 protected:
  void SetUp() override {
    auto page = ProgressPage::Create();
    ASSERT_TRUE(page);
    page_ = std::move(*page);
  }
  std::unique_ptr<ProgressPage> page_;
  base::ManualClock clock_{base::Time{seconds(1000)}};
};

TEST_F(ProgressTest, AStepIsSeenFromItsBeginningToItsEnd) {
  Progress progress(page_.get(), clock_);
  EXPECT_FALSE(page_->Read().began);
  progress.OnStepBegin(std::array<std::string_view, 3>{"a", "b", "a"}, clock_.Now(), seconds(2));
  const auto during = page_->Read();
  EXPECT_EQ(during.began, clock_.Now());
  EXPECT_EQ(during.due, clock_.Now() + seconds(2));
  EXPECT_THAT(during.at_work, testing::UnorderedElementsAre(HashOf("a"), HashOf("b")));
  progress.OnAlive();
  EXPECT_GT(page_->Read().counter, during.counter);
  progress.OnStepEnd();
  EXPECT_FALSE(page_->Read().began);
  EXPECT_TRUE(page_->Read().at_work.empty());
}

TEST_F(ProgressTest, WhatIsPreparedIsSeenWithoutAStep) {
  Progress progress(page_.get(), clock_);
  progress.OnPreparing("a");
  progress.OnPreparing("b");
  EXPECT_EQ(page_->Read().at_work.size(), 2U);
  progress.OnPrepared("a");
  EXPECT_THAT(page_->Read().at_work, testing::ElementsAre(HashOf("b")));
}

// The other side sees it through a mapping of its own.
TEST_F(ProgressTest, BothSidesSeeTheSamePage) {
  auto other = ProgressPage::Open(page_->descriptor());
  ASSERT_TRUE(other);
  (*other)->Begin({}, clock_.Now(), clock_.Now() + seconds(1));
  EXPECT_EQ(page_->Read().began, clock_.Now());
  EXPECT_FALSE(ProgressPage::Open(0));
}

TEST_F(ProgressTest, ReportsAreKeptAndNoneOfTheirCountsIsLost) {
  Progress progress(nullptr, clock_);
  for (int i = 0; i < 1000; ++i) progress.OnReport({.preemptions = 1});
  std::uint64_t sum = 0;
  for (const auto& report : progress.TakeReports()) sum += report.preemptions;
  EXPECT_EQ(sum, 1000U);
  EXPECT_TRUE(progress.TakeReports().empty());
}

// Whoever has loaded and rests cannot be late.
TEST_F(ProgressTest, AnEngineThatHasLoadedAndRestsHasNothingToBeLateWith) {
  base::SystemClock clock;
  Progress progress(page_.get(), clock);
  const auto log = base::Logger::Silent();
  base::ThreadPool pool({.name = "test", .threads = 1, .backlog = 16, .nice = 0});
  engine::LocalEngine engine(
      {.model = "fake"},
      [](const auto& tell) -> base::Result<std::unique_ptr<backend::Backend>> {
        if (!tell(0.5F) || !tell(1.0F)) return base::Fail(base::Code::kCancelled, "stopped");
        return std::make_unique<backend::FakeBackend>(backend::FakeOptions{});
      },
      pool, clock, progress, *log);
  engine.Start();
  ASSERT_TRUE(engine.WaitUntilReady());
  EXPECT_FALSE(page_->Read().began);
  auto sink = std::make_shared<engine::RecordingSink>();
  ASSERT_TRUE(engine.Submit(engine::Ask("a", "text", 5), sink));
  sink->Wait("a");
  const std::uint64_t before = page_->Read().counter;
  core::EmbedRequest request;
  request.inputs = {core::TextPrompt{.text = "first"}};
  ASSERT_TRUE(engine.Embed(request, {}));
  EXPECT_GT(page_->Read().counter, before) << "embedding is progress, too";
  engine.Stop();
  EXPECT_FALSE(page_->Read().began);
}

}  // namespace
}  // namespace lares::worker
