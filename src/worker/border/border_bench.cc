// SPDX-License-Identifier: Apache-2.0
//
// 32 answers at once through an engine of this process and through a worker's: tokens a second, and the gaps
// between two tokens as whoever asked sees them. And the same tokens on both sides of a border: two runs of
// one machine differ by more than a border costs, two ends of one run do not.
#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "backend/llama/llama_backend.h"
#include "base/check.h"
#include "engine/local/local_engine.h"
#include "engine/observer.h"
#include "worker/client.h"
#include "worker/host.h"
#include "worker/instance.h"

namespace lares::worker {
namespace {

constexpr int kStreams = 32;
constexpr int kTokens = 64;
constexpr std::int32_t kContext = 512;
constexpr std::array kQuantiles{std::pair{"p50", 0.5}, std::pair{"p99", 0.99}};

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

// Notes when each token came, and passes on what it got.
class Stopwatch final : public engine::EventSink {
 public:
  explicit Stopwatch(std::shared_ptr<engine::EventSink> next = nullptr) : next_(std::move(next)) {}

  void Deliver(core::EventBatch batch) override {
    const base::Time now = base::SystemClock().Now();
    {
      const std::lock_guard lock(mutex_);
      for (const core::Delta& delta : batch.deltas) {
        auto& times = times_[delta.request];
        times.insert(times.end(), delta.ids.size(), now);
        tokens_ += delta.ids.size();
      }
      for (const core::Terminal& terminal : batch.terminals) {
        LARES_CHECK(!terminal.error);
        ++ended_;
      }
    }
    changed_.notify_all();
    if (next_ != nullptr) next_->Deliver(std::move(batch));
  }
  void WaitForEnds(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_ == count; });
  }

  // After all ends.
  std::size_t tokens() const { return tokens_; }
  // While all streams run: who came first also waits for the prompts of the others, more or less of them as
  // they arrive, which is no matter of a border.
  std::vector<double> Gaps() const {
    base::Time all_run{};
    for (const auto& [request, times] : times_) all_run = std::max(all_run, times.front());
    std::vector<double> gaps;
    for (const auto& [request, times] : times_) {
      for (std::size_t i = 1; i < times.size(); ++i) {
        if (times[i - 1] >= all_run) gaps.push_back(base::Milliseconds(times[i] - times[i - 1]));
      }
    }
    return gaps;
  }
  // How much later than there each token came here.
  std::vector<double> DelaysAfter(const Stopwatch& there) const {
    std::vector<double> delays;
    for (const auto& [request, times] : times_) {
      const auto& earlier = there.times_.at(request);
      LARES_CHECK(earlier.size() == times.size());
      for (std::size_t i = 0; i < times.size(); ++i)
        delays.push_back(base::Milliseconds(times[i] - earlier[i]));
    }
    return delays;
  }

 private:
  std::shared_ptr<engine::EventSink> next_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::vector<base::Time>> times_;
  std::size_t tokens_ = 0;
  int ended_ = 0;
};

double Quantile(std::vector<double> values, double quantile) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(quantile * static_cast<double>(values.size() - 1))];
}

// An engine whose events are noted where they arise.
class Watched final : public engine::Engine {
 public:
  explicit Watched(engine::Engine& engine) : engine_(engine) {}

  // What noted the requests since the last call, which had one sink.
  std::shared_ptr<Stopwatch> TakeWatch() {
    const std::lock_guard lock(mutex_);
    return std::exchange(watch_, nullptr);
  }

  base::Status Submit(core::GenerateRequest request, std::shared_ptr<engine::EventSink> sink) override {
    return engine_.Submit(std::move(request), WatchBefore(std::move(sink)));
  }
  void Cancel(const std::string& request_id) override { engine_.Cancel(request_id); }
  base::Result<std::int32_t> Count(const core::GenerateRequest& request) override {
    return engine_.Count(request);
  }
  base::Result<std::vector<core::TokenId>> Tokenize(const core::TextPrompt& prompt) override {
    return engine_.Tokenize(prompt);
  }
  base::Result<std::string> Detokenize(std::span<const core::TokenId> tokens) override {
    return engine_.Detokenize(tokens);
  }
  base::Result<core::EmbedAnswer> Embed(const core::EmbedRequest& request,
                                        const std::stop_token& stop) override {
    return engine_.Embed(request, stop);
  }
  base::Result<core::RankAnswer> Rank(const core::RankRequest& request,
                                      const std::stop_token& stop) override {
    return engine_.Rank(request, stop);
  }
  core::EngineStatus Status() const override { return engine_.Status(); }

 private:
  std::shared_ptr<Stopwatch> WatchBefore(std::shared_ptr<engine::EventSink> sink) {
    const std::lock_guard lock(mutex_);
    if (watch_ == nullptr) watch_ = std::make_shared<Stopwatch>(std::move(sink));
    return watch_;
  }

  engine::Engine& engine_;
  std::mutex mutex_;
  std::shared_ptr<Stopwatch> watch_;
};

core::GenerateRequest Story(int run, int number) {
  core::GenerateRequest request;
  request.id = std::to_string(run) + "-" + std::to_string(number);
  request.prompt = core::TextPrompt{.text = "In run " + std::to_string(run) + " this is story number " +
                                            std::to_string(number)};
  request.sampling.temperature = 0;
  request.max_tokens = kTokens;
  request.ignore_eos = true;
  return request;
}

struct Run {
  std::shared_ptr<Stopwatch> watch;
  double seconds = 0;
};

// Returns once all have ended.
Run Ask(engine::Engine& engine) {
  static int runs = 0;
  ++runs;
  auto watch = std::make_shared<Stopwatch>();
  const base::Time start = base::SystemClock().Now();
  for (int i = 0; i < kStreams; ++i) LARES_CHECK(engine.Submit(Story(runs, i), watch).has_value());
  watch->WaitForEnds(kStreams);
  return {.watch = watch, .seconds = base::Seconds(base::SystemClock().Now() - start)};
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

// An engine of this process behind a border to this process: the same messages, socket and threads.
struct BothSides {
  BothSides() {
    auto ends = Channel::Pair();
    LARES_CHECK(ends.has_value());
    host = std::make_unique<Host>(watched, progress, std::move(ends->first), HostPools{pool, pool}, clock);
    serving = std::jthread([this] { static_cast<void>(host->Serve()); });
    client = std::make_unique<Client>(ClientOptions{.max_waiting = 1024}, std::move(ends->second), clock);
    LARES_CHECK(client->WaitUntilReady().has_value());
  }
  ~BothSides() {
    client->Close();
    inside.engine.Stop();
  }

  base::SystemClock clock;
  Inside inside;
  Watched watched{inside.engine};
  Progress progress{nullptr, clock};
  base::ThreadPool pool{{.name = "calls", .threads = 1, .backlog = 64, .nice = 0}};
  std::unique_ptr<Host> host;
  std::jthread serving;
  std::unique_ptr<Client> client;
};

// One engine after the other, in the order inside, outside, outside, inside: what the machine does slowly to
// both cancels.
void InTurn(benchmark::State& state) {
  static Inside inside;
  static Outside outside;
  for ([[maybe_unused]] auto _ : state) {
    engine::Engine& in = inside.engine;
    engine::Engine& out = *outside.instance->client();
    const std::array runs{Ask(in), Ask(out), Ask(out), Ask(in)};
    const auto speed = [](const Run& a, const Run& b) {
      return static_cast<double>(a.watch->tokens() + b.watch->tokens()) / (a.seconds + b.seconds);
    };
    const auto gap = [](const Run& a, const Run& b, double quantile) {
      std::vector<double> gaps = a.watch->Gaps();
      std::ranges::copy(b.watch->Gaps(), std::back_inserter(gaps));
      return Quantile(std::move(gaps), quantile);
    };
    state.SetIterationTime(runs[0].seconds + runs[1].seconds + runs[2].seconds + runs[3].seconds);
    state.counters["inside_tokens/s"] = speed(runs[0], runs[3]);
    state.counters["outside_tokens/s"] = speed(runs[1], runs[2]);
    for (const auto& [name, quantile] : kQuantiles) {
      state.counters["inside_itl_" + std::string(name)] = gap(runs[0], runs[3], quantile);
      state.counters["outside_itl_" + std::string(name)] = gap(runs[1], runs[2], quantile);
    }
  }
}

// The same tokens where they arise, and where whoever asked gets them.
void OnBothSides(benchmark::State& state) {
  static BothSides both;
  for ([[maybe_unused]] auto _ : state) {
    const Run outside = Ask(*both.client);
    const auto inside = both.watched.TakeWatch();
    inside->WaitForEnds(kStreams);
    state.SetIterationTime(outside.seconds);
    for (const auto& [name, quantile] : kQuantiles) {
      state.counters["inside_itl_" + std::string(name)] = Quantile(inside->Gaps(), quantile);
      state.counters["outside_itl_" + std::string(name)] = Quantile(outside.watch->Gaps(), quantile);
      state.counters["delay_" + std::string(name)] = Quantile(outside.watch->DelaysAfter(*inside), quantile);
    }
  }
}

BENCHMARK(InTurn)->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(OnBothSides)->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lares::worker
