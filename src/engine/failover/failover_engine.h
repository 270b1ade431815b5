// SPDX-License-Identifier: Apache-2.0
//
// An engine whose requests outlive the engines beneath it. One engine at a time does the work (Attach). When
// it is lost, its requests wait and go on where they stopped on the next one: the client sees a pause, no
// token twice and none missing. Requests come here, wait here when they must, and end here exactly once.
//
//              Submit                  Attach, or room          Terminal
//     ────────────────────▶ waiting ───────────────────▶ given ──────────▶ ended
//                              ▲   ◀───────────────────────┘
//                              │     lost, or moved to a newer engine
//                              │  Lost: who was at work is suspect
//                              └──────────────▶ probed (alone, unheard) ──▶ waiting, or ended as guilty
//
// Who kills two engines alone is ended with an error, and refused for a while (supervisor/blame.h,
// supervisor/quarantine.h). Counting, tokenising and embedding are asked again once when their engine is
// lost.
//
// Thread safe. Engines are attached and lost by one thread, which also calls Tick.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "engine/engine.h"
#include "supervisor/quarantine.h"

namespace lares::engine {

struct FailoverOptions {
  std::string model;              // name in status, metrics and log
  std::size_t max_waiting = 256;  // requests of one tenant beyond those that run; others get an eighth more
  // Who would wait longer for a lost engine's successor is refused, or ended, at once.
  base::Duration most_wait = std::chrono::seconds(30);
  // Called when somebody has come and nothing is loaded: on any thread, must return at once and not call
  // back.
  std::function<void()> on_demand;
  // What is known of the model before it is loaded; for status.
  core::EngineStatus known;
  supervisor::Quarantine::Options quarantine;
};

class FailoverEngine final : public Engine {
 public:
  // `clock`, `metrics` and `log` outlive the engine.
  FailoverEngine(FailoverOptions options, const base::Clock& clock, base::Metrics& metrics,
                 base::Logger& log);
  ~FailoverEngine() override;  // Stop
  FailoverEngine(const FailoverEngine&) = delete;
  FailoverEngine& operator=(const FailoverEngine&) = delete;

  // What requests run on from now on, once it is ready. What runs on another one moves over.
  void Attach(std::shared_ptr<Engine> engine);
  // Whether requests run on it still.
  bool Uses(const Engine& engine) const;
  // Gives nothing more to the engine. True once nothing runs on it any more: then it is taken away, and who
  // waits asks for another one.
  bool Retire();
  // It is needed after all.
  void Recall();
  bool attached() const;
  bool busy() const;  // something runs on the engine, or waits for one
  // When something was under way last, and how much has come in all; nothing: never.
  std::optional<base::Time> last_used() const;
  std::uint64_t uses() const;
  // It is gone, and has ended everything with reason "worker_lost". `at_work` tells, by its id, whether it
  // was working on a request just then.
  void Lost(const Engine& engine, const std::function<bool(const std::string&)>& at_work);

  // How it stands with what is beneath, while nothing is attached: what Status and refusals say.
  struct Outage {
    core::EngineState state = core::EngineState::kLoading;
    int load_percent = 0;
    std::optional<base::Duration> loading_left;  // with kLoading, as far as it can be told
    std::string failure;                         // with kFailed
    std::optional<core::Trouble> trouble;
    std::uint64_t crashes = 0;
  };
  void SetOutage(Outage outage);

  // Ends those whose time has passed. About ten times a second.
  void Tick();
  // Ends everything that waits, and takes nothing more.
  void Stop();

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
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace lares::engine
