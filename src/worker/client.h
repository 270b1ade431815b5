// SPDX-License-Identifier: Apache-2.0
//
// A gateway's side: the engine that another process holds. It knows what the worker runs, so that whoever
// asks gets exactly one end, whatever becomes of the worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"
#include "engine/step_report.h"
#include "worker/channel.h"

namespace lares::worker {

struct ClientOptions {
  std::size_t max_waiting = 256;  // requests of one tenant beyond those that run, as in the worker
  // Protections that could not be had for its process on this side; told with its status.
  std::vector<std::string> unconfined;
};

class Client final : public engine::Engine {
 public:
  // `clock` and `steps` (may be null) outlive the client.
  Client(ClientOptions options, std::unique_ptr<Channel> channel, const base::Clock& clock,
         engine::StepListener* steps = nullptr);
  // Ends everything with kUnavailable.
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Hangs up, as if the worker had gone. When it returns, every request has ended and every call has its
  // answer. By one thread.
  void Close();

  // Whether the worker owes us an answer.
  bool owes() const;

  // Once the worker is gone.
  std::optional<base::Error> WhyLost() const;

  // Blocks until the worker's model is ready or failed to load, or the worker is gone.
  base::Status WaitUntilReady();

  base::Status Submit(core::GenerateRequest request, std::shared_ptr<engine::EventSink> sink) override;
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
  std::unique_ptr<State> state_;
};

}  // namespace lares::worker
