// SPDX-License-Identifier: Apache-2.0
//
// A worker's side: serves one engine to one gateway.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "engine/engine.h"
#include "worker/channel.h"
#include "worker/progress.h"

namespace lares::worker {

// Versions that differ do not talk: gateway and worker come from one binary, or from two of one release.
inline constexpr std::uint32_t kProtocolVersion = 1;

// Where what blocks is done. Embeddings may take minutes, so that nothing else may wait behind them.
struct HostPools {
  base::ThreadPool& heavy;
  base::ThreadPool& embeddings;
};

class Host {
 public:
  // `engine`, its `progress`, the pools (not stopped before Serve has returned) and `clock` outlive the host;
  // the engine is stopped, or has ended every request, before the host goes.
  Host(engine::Engine& engine, Progress& progress, std::shared_ptr<Channel> channel, HostPools pools,
       const base::Clock& clock);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Protections that its process does not have; told with its status. More are added to those before.
  void AddUnconfined(const std::vector<std::string>& missing);

  // Blocks until the gateway hangs up (kUnavailable), or says what this protocol has no word for. Then all
  // its requests are cancelled and all its calls have ended.
  base::Error Serve();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace lares::worker
