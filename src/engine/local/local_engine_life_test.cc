// SPDX-License-Identifier: Apache-2.0
//
// What LocalEngine does with time and with trouble: waiting requests, long steps, exceptions, embeddings that
// nobody wants any more. The clock is the test's own, and the engine is held at known calls.
#include <condition_variable>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "engine/local/local_under_test.h"

namespace lares::engine {
namespace {

using backend::FakeOptions;

// Stops the engine's thread in the calls that it was told to.
class Gate {
 public:
  void Pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return arrived_ <= open_; });
  }
  void WaitForArrival(int call) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ >= call; });
  }
  void OpenUpTo(int call) {
    const std::lock_guard lock(mutex_);
    open_ = call;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  int open_ = 0;
};

constexpr int kAll = 1'000'000;

// Which request's tokens came first, second, ...
class OrderSink final : public EventSink {
 public:
  void Deliver(core::EventBatch batch) override {
    const std::lock_guard lock(mutex_);
    for (const core::Delta& delta : batch.deltas) {
      if (order_.empty() || order_.back() != delta.request) order_.push_back(delta.request);
    }
    ended_ += batch.terminals.size();
    changed_.notify_all();
  }
  std::vector<std::string> WaitForEnds(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_ == count; });
    return order_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> order_;
  std::size_t ended_ = 0;
};

// An engine with a clock that stands still unless told.
struct Timed {
  explicit Timed(FakeOptions fake, LocalOptions options = {}) {
    options.model = "fake";
    fake.before_run = [this](std::span<const backend::Row>) { gate.Pass(); };
    engine = std::make_unique<LocalEngine>(
        options,
        [fake](const auto&) -> base::Result<std::unique_ptr<backend::Backend>> {
          return std::make_unique<backend::FakeBackend>(fake);
        },
        pool, clock, observer, *log);
    engine->Start();
    EXPECT_TRUE(engine->WaitUntilReady());
  }
  ~Timed() { gate.OpenUpTo(kAll); }

  // Submitted and prepared, so that the engine takes it up with its next step.
  void Submit(core::GenerateRequest request, const std::shared_ptr<EventSink>& sink) {
    ASSERT_TRUE(engine->Submit(std::move(request), sink));
    std::latch prepared(1);
    ASSERT_TRUE(pool.TryRun([&] { prepared.count_down(); }));
    prepared.wait();
  }

  Gate gate;
  base::ManualClock clock{base::Time{std::chrono::hours(1)}};
  Observer observer;
  std::unique_ptr<base::Logger> log = base::Logger::Silent();
  base::ThreadPool pool{{.name = "test", .threads = 1, .backlog = 64, .nice = 0}};
  std::unique_ptr<LocalEngine> engine;
};

std::vector<std::string> OrderAfterWaiting(base::Duration max_wait) {
  Timed t({.slots = 1}, {.max_wait = max_wait});
  auto sink = std::make_shared<OrderSink>();
  t.Submit(Ask("running", "text", 4), sink);
  t.gate.WaitForArrival(1);
  auto old = Ask("old", "other text", 1);
  old.service_class = core::ServiceClass::kBatch;
  t.Submit(std::move(old), sink);
  t.gate.OpenUpTo(1);
  t.gate.WaitForArrival(2);  // it waits from here on
  t.clock.Advance(std::chrono::seconds(2));
  t.Submit(Ask("new", "third text", 1), sink);
  t.gate.OpenUpTo(kAll);
  return sink->WaitForEnds(3);
}

TEST(LocalEngineLife, WhoWaitedForMaxWaitGoesFirst) {
  using Order = std::vector<std::string>;
  EXPECT_EQ(OrderAfterWaiting(std::chrono::seconds(30)), (Order{"running", "new", "old"}));
  EXPECT_EQ(OrderAfterWaiting(std::chrono::seconds(1)), (Order{"running", "old", "new"}));
}

TEST(LocalEngineLife, MoreSlotsThanRowsOfAPrompt) {
  FakeOptions fake;
  fake.slots = 100;
  fake.slot_cells = 256;
  LocalUnderTest t(fake, {.prefill_rows = 64});
  auto sink = std::make_shared<OrderSink>();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(t.engine().Submit(Ask("r" + std::to_string(i), "text " + std::to_string(i), 8), sink));
  }
  sink->WaitForEnds(100);
}

TEST(LocalEngineLife, ALibraryThatThrowsEndsOneRequest) {
  FakeOptions fake;
  fake.script = [](std::string_view prompt) -> std::optional<std::string> {
    if (prompt.find("evil") != std::string_view::npos) throw std::runtime_error("Failed to process regex");
    return std::nullopt;
  };
  LocalUnderTest t(fake);
  const Record failed = Finish(t, Ask("a", "evil", 3));
  ASSERT_TRUE(failed.terminals[0].error);
  EXPECT_EQ(failed.terminals[0].error->code(), base::Code::kInternal);
  EXPECT_FALSE(Finish(t, Ask("b", "good", 3)).terminals[0].error);
}

// Ends an embedding of three inputs in its first, by `end`, and answers how it ended.
base::Error EndInTheFirst(const std::function<void(LocalUnderTest&, std::stop_source&)>& end) {
  std::latch entered(1), release(1);
  std::atomic<int> computed{0};
  FakeOptions fake;
  fake.before_embed = [&](std::span<const core::TokenId>) {
    if (computed++ > 0) return;
    entered.count_down();
    release.wait();
  };
  LocalUnderTest t(fake);
  std::stop_source gone;
  base::Result<core::EmbedAnswer> answer = base::Fail(base::Code::kUnknown, "not set");
  std::thread caller([&] {
    core::EmbedRequest request;
    request.inputs.assign(3, core::TextPrompt{.text = "text"});
    answer = t.engine().Embed(request, gone.get_token());
  });
  entered.wait();
  end(t, gone);
  release.count_down();
  caller.join();
  EXPECT_EQ(computed, 1);
  return answer ? base::Error(base::Code::kUnknown, "it went on") : answer.error();
}

TEST(LocalEngineLife, EmbeddingsEndWithTheirClientAndWithTheEngine) {
  EXPECT_EQ(EndInTheFirst([](LocalUnderTest&, std::stop_source& gone) { gone.request_stop(); }).code(),
            base::Code::kCancelled);
  EXPECT_EQ(EndInTheFirst([](LocalUnderTest& t, std::stop_source&) { t.engine().Stop(); }).reason(),
            "stopping");
}

}  // namespace
}  // namespace lares::engine
