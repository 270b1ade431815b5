// SPDX-License-Identifier: Apache-2.0
//
// A gateway's side: the engine that another process holds. It knows what the worker runs, so that whoever
// asks gets exactly one end, whatever becomes of the worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"
#include "worker/channel.h"

namespace lares::worker {

struct ClientOptions {
  std::size_t max_waiting = 256;  // requests of one tenant beyond those that run, as in the worker
};

class Client final : public engine::Engine {
 public:
  // `clock` outlives the client.
  Client(ClientOptions options, std::unique_ptr<Channel> channel, const base::Clock& clock);
  // Ends everything with kUnavailable.
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Blocks until the worker's model is ready or failed to load, or the worker is gone.
  base::Status WaitUntilReady();

  base::Status Submit(core::GenerateRequest request, std::shared_ptr<engine::EventSink> sink) override;
  void Cancel(const std::string& request_id) override;
  base::Result<std::int32_t> Count(const core::GenerateRequest& request) override;
  base::Result<std::vector<core::TokenId>> Tokenize(const core::TextPrompt& prompt) override;
  base::Result<std::string> Detokenize(std::span<const core::TokenId> tokens) override;
  base::Result<core::EmbedAnswer> Embed(const core::EmbedRequest& request,
                                        const std::stop_token& stop) override;
  core::EngineStatus Status() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lares::worker
