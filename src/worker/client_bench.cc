// SPDX-License-Identifier: Apache-2.0
//
// What the border between two processes costs: one step's events of so many sequences, from the worker's
// engine to the sink of whoever asked. Beside it the same without a border.
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/clock.h"
#include "base/thread_pool.h"
#include "worker/client.h"
#include "worker/host.h"

namespace lares::worker {
namespace {

// Takes requests and says what the benchmark wants it to.
class Mouthpiece final : public engine::Engine {
 public:
  base::Status Submit(core::GenerateRequest /*request*/, std::shared_ptr<engine::EventSink> sink) override {
    const std::lock_guard lock(mutex_);
    sink_ = std::move(sink);
    ++submitted_;
    changed_.notify_all();
    return {};
  }
  std::shared_ptr<engine::EventSink> SinkAfter(int requests) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return submitted_ == requests; });
    return sink_;
  }
  void Cancel(const std::string& /*request_id*/) override {}
  base::Result<std::int32_t> Count(const core::GenerateRequest& /*request*/) override { return 0; }
  base::Result<std::vector<core::TokenId>> Tokenize(const core::TextPrompt& /*prompt*/) override {
    return {};
  }
  base::Result<std::string> Detokenize(std::span<const core::TokenId> /*tokens*/) override { return {}; }
  base::Result<core::EmbedAnswer> Embed(const core::EmbedRequest& /*request*/,
                                        const std::stop_token& /*stop*/) override {
    return {};
  }
  base::Result<core::RankAnswer> Rank(const core::RankRequest& /*request*/,
                                      const std::stop_token& /*stop*/) override {
    return {};
  }
  core::EngineStatus Status() const override {
    core::EngineStatus status;
    status.state = core::EngineState::kReady;
    status.slots = 64;
    return status;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<engine::EventSink> sink_;
  int submitted_ = 0;
};

// Counts batches, and lets one wait for the next.
class Counter final : public engine::EventSink {
 public:
  void Deliver(core::EventBatch batch) override {
    const std::lock_guard lock(mutex_);
    benchmark::DoNotOptimize(batch);
    ++batches_;
    changed_.notify_all();
  }
  void WaitFor(std::int64_t batches) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return batches_ >= batches; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t batches_ = 0;
};

core::EventBatch Step(std::int64_t sequences) {
  core::EventBatch batch;
  for (std::int64_t i = 0; i < sequences; ++i) {
    batch.deltas.push_back({.request = "request-" + std::to_string(i), .text = " token", .ids = {4711}});
  }
  return batch;
}

void AStepOverASocket(benchmark::State& state) {
  Mouthpiece engine;
  const base::SystemClock clock;
  base::ThreadPool pool({.name = "calls", .threads = 1, .backlog = 8, .nice = 0});
  auto ends = Channel::Pair();
  if (!ends) return state.SkipWithError("no socket pair");
  Progress progress(nullptr, clock);
  Host host(engine, progress, std::move(ends->first), {pool, pool}, clock);
  std::thread serving([&] { static_cast<void>(host.Serve()); });
  auto sink = std::make_shared<Counter>();
  {
    Client client({}, std::move(ends->second), clock);
    static_cast<void>(client.WaitUntilReady());
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      core::GenerateRequest request;
      request.id = "request-" + std::to_string(i);
      request.prompt = core::TextPrompt{.text = "x"};
      static_cast<void>(client.Submit(std::move(request), sink));
    }
    const auto worker = engine.SinkAfter(static_cast<int>(state.range(0)));
    std::int64_t batches = 0;
    for ([[maybe_unused]] auto _ : state) {
      worker->Deliver(Step(state.range(0)));
      sink->WaitFor(++batches);
    }
  }
  serving.join();
}
BENCHMARK(AStepOverASocket)->Arg(1)->Arg(8)->Arg(32)->UseRealTime();

void AStepWithoutABorder(benchmark::State& state) {
  Counter sink;
  std::int64_t batches = 0;
  for ([[maybe_unused]] auto _ : state) {
    sink.Deliver(Step(state.range(0)));
    sink.WaitFor(++batches);
  }
}
BENCHMARK(AStepWithoutABorder)->Arg(1)->Arg(8)->Arg(32)->UseRealTime();

}  // namespace
}  // namespace lares::worker
