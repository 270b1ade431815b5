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
#include "base/exception_report.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "engine/engine.h"
#include "engine/local/active_request.h"
#include "engine/local/outbox.h"
#include "engine/local/row_pool.h"
#include "engine/local/step_runner.h"
#include "engine/observer.h"
#include "engine/shared_room.h"
#include "scheduler/scheduler.h"

namespace lares::engine {

struct LocalOptions {
  std::string model;              // name in status and log
  std::size_t max_waiting = 256;  // requests of one tenant beyond those that run; others get an eighth more
  std::int32_t default_max_new = 4096;    // answer length when the client names none
  std::size_t most_sampling_helpers = 7;  // beside the engine's own thread; never more than
                                          // the backend's compute threads together with it
  std::int32_t prefill_rows = 512;        // per call; at most the backend's max_rows
  std::uint64_t host_cache_bytes = 0;
  base::Duration inter_token_p99 = std::chrono::milliseconds(500);
  base::Duration max_wait = std::chrono::seconds(30);  // then a waiting request goes to the front
  std::optional<scheduler::FixedCosts> fixed_costs;
};

// Loads a model; `progress` gets 0..1 and answers whether to go on.
using Loader = std::function<base::Result<std::unique_ptr<backend::Backend>>(
    const std::function<bool(float)>& progress)>;

class LocalEngine final : public Engine {
 public:
  // `pool`, `clock`, `observer` and `log` outlive the engine; `pool` is not stopped before Stop.
  LocalEngine(LocalOptions options, Loader loader, base::ThreadPool& pool, const base::Clock& clock,
              Observer& observer, base::Logger& log);
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
  base::Result<core::EmbedAnswer> Embed(const core::EmbedRequest& request,
                                        const std::stop_token& stop) override;
  base::Result<core::RankAnswer> Rank(const core::RankRequest& request, const std::stop_token& stop) override;
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
  void Rest();
  void Drain();
  void StartRequest(const Active& active);
  base::Status AdmitChoice(const Active& active, std::size_t choice, base::Time now);
  void CancelRequest(const Active& active);
  void EndExpired(base::Time now);
  void RunStep(const scheduler::Step& step);
  void TellStarts(const scheduler::Step& step, base::Time now);
  void ObserveBegin(const scheduler::Step& step, base::Time now);
  void Report(const scheduler::Stats& stats);
  void OnYields(std::span<const StepRunner::Yield> yields, scheduler::StepResult& result);
  void Sample(std::span<const StepRunner::Yield> yields, std::span<Choice::Advance> advances);
  void Account(const SequenceRef& ref, const Choice::Advance& advance, base::Time now);
  void CloseChoice(const SequenceRef& ref, scheduler::SequenceId sequence);
  void NoteStats(const SequenceRef& ref, scheduler::SequenceId sequence);
  void End(const Active& active, std::optional<base::Error> error);
  void EndFailed();
  void EndAll(const base::Error& error);
  void DropPreempted(const scheduler::Step& step);
  void Rebuild(const SequenceRef& ref);
  bool TakeRebuilt(const SequenceRef& ref);
  void Recover(const scheduler::Step& step, const base::Error& error);
  void MakeReadyToGenerate();
  void MakeScheduler();
  void PublishStatus();

  // any thread
  base::Result<Prepared> PrepareOne(const core::GenerateRequest& request);
  base::Result<std::unique_ptr<Choice>> RebuildOne(const ChoiceRecipe& recipe, std::int32_t index,
                                                   std::span<const core::TokenId> ids);
  std::optional<base::Error> WhyNotReady() const;
  using Tokens = std::vector<core::TokenId>;
  std::optional<base::Error> WhyEmbedNoMore(std::optional<base::Time> deadline,
                                            const std::stop_token& stop) const;
  base::Result<Tokens> TokensOf(const core::Prompt& input) const;
  base::Result<std::vector<std::vector<float>>> EmbedTokens(std::span<const Tokens> inputs,
                                                            std::optional<base::Time> deadline,
                                                            const std::stop_token& stop);
  base::Result<backend::Backend*> Ready() const;
  void Wake(const std::string& cancelled);

  const LocalOptions options_;
  const Loader loader_;
  base::ThreadPool& pool_;
  const base::Clock& clock_;
  base::Logger& log_;
  base::ExceptionReport exceptions_{log_};
  Observer& observer_;

  std::unique_ptr<backend::Backend> backend_;        // set once by Load, before `ready_`
  std::unique_ptr<scheduler::Scheduler> scheduler_;  // this and the two below: of a model that generates
  std::unique_ptr<StepRunner> runner_;
  std::unique_ptr<RowPool> rows_;
  Outbox outbox_;
  std::unordered_map<scheduler::SequenceId, SequenceRef> sequences_;  // admitted and not ended
  std::vector<Active> failed_;                                        // in this step
  scheduler::SequenceId next_sequence_ = 1;
  std::uint64_t steps_ = 0;
  StepReport report_;            // of the step since the last PublishStatus
  scheduler::Stats last_stats_;  // as reported

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable state_changed_;
  std::unordered_map<std::string, Active> requests_;  // submitted and not ended
  std::optional<SharedRoom> room_;                    // their places; made before the state is ready
  std::vector<Active> inbox_;                         // prepared; bounded by max in flight
  std::vector<Active> cancels_;                       // each known request once
  std::string alone_in_prefill_;                      // the one request a running prefill works for
  std::size_t preparing_ = 0;                         // works on the pool that refer to this engine
  bool stopping_ = false;
  core::EngineStatus status_;

  std::atomic<bool> ready_{false};
  std::atomic<bool> interrupt_{false};
  std::atomic<bool> stop_{false};  // Stop was called: what runs on pools ends early
  std::jthread thread_;
};

}  // namespace lares::engine
