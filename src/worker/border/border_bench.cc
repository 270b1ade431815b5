// SPDX-License-Identifier: Apache-2.0
//
// 32 answers at once through an engine of this process and through a worker's: tokens a second, and the gaps
// between two tokens as whoever asked sees them.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "backend/llama/llama_backend.h"
#include "base/check.h"
#include "engine/local/local_engine.h"
#include "engine/observer.h"
#include "worker/instance.h"

namespace lares::worker {
namespace {

constexpr int kStreams = 32;
constexpr int kTokens = 64;
constexpr std::int32_t kContext = 512;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

// Notes when each token came.
class Stopwatch final : public engine::EventSink {
 public:
  void Deliver(core::EventBatch batch) override {
    const base::Time now = base::SystemClock().Now();
    const std::lock_guard lock(mutex_);
    for (const core::Delta& delta : batch.deltas) {
      if (delta.ids.empty()) continue;
      auto& last = last_[delta.request];
      if (last != base::Time{}) gaps_.push_back(base::Milliseconds(now - last));
      last = now;
      tokens_ += delta.ids.size();
    }
    for (const core::Terminal& terminal : batch.terminals) {
      LARES_CHECK(!terminal.error);
      ++ended_;
    }
    changed_.notify_all();
  }
  void WaitForEnds(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_ == count; });
  }
  std::size_t tokens() const { return tokens_; }
  double Gap(double quantile) {
    std::ranges::sort(gaps_);
    return gaps_[static_cast<std::size_t>(quantile * static_cast<double>(gaps_.size() - 1))];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, base::Time> last_;
  std::vector<double> gaps_;
  std::size_t tokens_ = 0;
  int ended_ = 0;
};

void Ask(benchmark::State& state, engine::Engine& engine) {
  static std::atomic<int> runs = 0;
  for (auto turn : state) {
    static_cast<void>(turn);
    const int run = ++runs;
    auto sink = std::make_shared<Stopwatch>();
    const base::Time start = base::SystemClock().Now();
    for (int i = 0; i < kStreams; ++i) {
      core::GenerateRequest request;
      request.id = std::to_string(run) + "-" + std::to_string(i);
      request.prompt = core::TextPrompt{.text = "In run " + std::to_string(run) + " this is story number " +
                                                std::to_string(i)};
      request.sampling.temperature = 0;
      request.max_tokens = kTokens;
      request.ignore_eos = true;
      LARES_CHECK(engine.Submit(std::move(request), sink).has_value());
    }
    sink->WaitForEnds(kStreams);
    const double seconds = base::Seconds(base::SystemClock().Now() - start);
    state.SetIterationTime(seconds);
    state.counters["tokens/s"] = static_cast<double>(sink->tokens()) / seconds;
    state.counters["itl_p50_ms"] = sink->Gap(0.5);
    state.counters["itl_p99_ms"] = sink->Gap(0.99);
  }
}

struct Inside {
  Inside()
      : engine(
            {.model = "inside"},
            [](const auto& progress) {
              static const auto silent = base::Logger::Silent();
              backend::llama::LoadOptions options;
              options.path = Variable("LARES_BENCH_MODEL");
              options.slots = kStreams;
              options.slot_cells = kContext;
              options.progress = progress;
              return backend::llama::Load(options, *silent);
            },
            pool, clock, observer, *log) {
    engine.Start();
    LARES_CHECK(engine.WaitUntilReady().has_value());
  }
  ~Inside() { engine.Stop(); }

  base::SystemClock clock;
  engine::Observer observer;
  std::unique_ptr<base::Logger> log = base::Logger::Silent();
  base::ThreadPool pool{{.name = "heavy", .threads = 2, .backlog = 1024, .nice = 10}};
  engine::LocalEngine engine;
};

struct Outside {
  Outside() {
    const Command command{.program = Variable("LARES_BENCH_PROGRAM"),
                          .arguments = {"lares", "worker", "--config=/dev/null", "--data=/tmp",
                                        "--model=" + Variable("LARES_BENCH_MODEL"), "--log-level=error",
                                        "--ctx-size=" + std::to_string(kContext), "--host-cache=0",
                                        "--parallel=" + std::to_string(kStreams)},
                          .environment = {},
                          .files = {Variable("LARES_BENCH_MODEL")},
                          .log_file = {}};
    auto started = Instance::Start(command, {.max_waiting = 1024}, {}, clock, nullptr);
    LARES_CHECK(started.has_value());
    instance = std::move(*started);
    LARES_CHECK(instance->client()->WaitUntilReady().has_value());
  }

  base::SystemClock clock;
  std::unique_ptr<Instance> instance;
};

void InProcess(benchmark::State& state) {
  static Inside inside;
  Ask(state, inside.engine);
}

void InAWorker(benchmark::State& state) {
  static Outside outside;
  Ask(state, *outside.instance->client());
}

BENCHMARK(InProcess)->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(InAWorker)->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lares::worker
