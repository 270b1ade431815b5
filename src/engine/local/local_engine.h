// SPDX-License-Identifier: Apache-2.0
//
// An engine on a thread of this process: it owns one backend and one scheduler. Start() returns at once and
// loads the model on the engine's thread; Status() tells how far it is.
//
// Life: loading -> ready -> stopped, or loading -> failed. Stop() ends every request with kUnavailable.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "backend/backend.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/thread_pool.h"
#include "engine/engine.h"
#include "engine/local/active_request.h"
#include "engine/local/engine_metrics.h"
#include "engine/local/outbox.h"
#include "engine/local/row_pool.h"
#include "engine/local/step_runner.h"
#include "scheduler/scheduler.h"

namespace lares::engine {

struct LocalOptions {
  std::string model;                                      // name in metrics and status
  std::size_t max_waiting = 256;                          // requests beyond those that run
  std::int32_t default_max_new = 4096;                    // answer length when the client names none
  std::size_t sampling_helpers = 1;                       // threads beside the engine's own
  std::int32_t prefill_rows = 512;                        // per call; at most the backend's max_rows
  base::Duration stuck_after = std::chrono::seconds(60);  // one call longer than this: Status says stuck
  std::uint64_t host_cache_bytes = 0;
  base::Duration inter_token_p99 = std::chrono::milliseconds(500);
  std::optional<scheduler::FixedCosts> fixed_costs;
};

// Loads a model; `progress` gets 0..1 and answers whether to go on.
using Loader = std::function<base::Result<std::unique_ptr<backend::Backend>>(
    const std::function<bool(float)>& progress)>;

class LocalEngine final : public Engine {
 public:
  // `pool`, `clock`, `metrics` and `log` outlive the engine.
  LocalEngine(LocalOptions options, Loader loader, base::ThreadPool& pool, const base::Clock& clock,
              base::Metrics& metrics, base::Logger& log);
  ~LocalEngine() override;

  void Start();
  void Stop();
  // Blocks until the model is ready or failed to load; for tools and tests.
  base::Status WaitUntilReady();

  base::Status Submit(core::GenerateRequest request, std::shared_ptr<EventSink> sink) override;
  void Cancel(const std::string& request_id) override;
  base::Result<std::int32_t> Count(const core::GenerateRequest& request) override;
  base::Result<std::vector<core::TokenId>> Tokenize(const core::TextPrompt& prompt) override;
  base::Result<std::string> Detokenize(std::span<const core::TokenId> tokens) override;
  base::Result<core::EmbedAnswer> Embed(const core::EmbedRequest& request) override;
  core::EngineStatus Status() const override;

 private:
  using Active = std::shared_ptr<ActiveRequest>;
  struct SequenceRef {
    Active request;
    std::size_t choice = 0;
  };

  // engine thread
  void Main();
  bool Load();
  void Loop();
  void Drain();
  void StartRequest(const Active& active);
  void CancelRequest(const Active& active);
  void EndExpired(base::Time now);
  void RunStep(const scheduler::Step& step);
  void OnYields(std::span<const StepRunner::Yield> yields, scheduler::StepResult& result);
  void Account(const SequenceRef& ref, const Choice::Advance& advance, base::Time now);
  void End(const Active& active, std::optional<base::Error> error);
  void EndAll(const base::Error& error);
  void Recover(const base::Error& error);
  void MakeScheduler();
  void PublishStatus();

  // any thread
  std::optional<base::Error> WhyNotReady() const;
  base::Result<backend::Backend*> Ready() const;
  void Wake(const std::string& cancelled);

  const LocalOptions options_;
  const Loader loader_;
  base::ThreadPool& pool_;
  const base::Clock& clock_;
  base::Logger& log_;
  EngineMetrics metrics_;

  std::unique_ptr<backend::Backend> backend_;  // set once by Load, before `ready_`
  std::unique_ptr<scheduler::Scheduler> scheduler_;
  std::unique_ptr<StepRunner> runner_;
  RowPool rows_;
  Outbox outbox_;
  std::unordered_map<scheduler::SequenceId, SequenceRef> sequences_;
  scheduler::SequenceId next_sequence_ = 1;
  std::uint64_t steps_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable state_changed_;
  std::unordered_map<std::string, Active> requests_;  // submitted and not ended
  std::vector<Active> inbox_;                         // prepared; bounded by max in flight
  std::vector<Active> cancels_;                       // each known request once
  std::string alone_in_prefill_;                      // the one request a running prefill works for
  std::size_t preparing_ = 0;
  bool stopping_ = false;
  core::EngineStatus status_;
  base::Duration retry_after_ = std::chrono::seconds(1);

  std::atomic<bool> ready_{false};
  std::atomic<bool> interrupt_{false};
  std::atomic<std::int64_t> call_started_ns_{0};  // 0: no call is running
  std::jthread thread_;
};

}  // namespace lares::engine
