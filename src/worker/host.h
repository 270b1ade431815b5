// SPDX-License-Identifier: Apache-2.0
//
// A worker's side: serves one engine to one gateway.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "engine/engine.h"
#include "worker/channel.h"

namespace lares::worker {

// Versions that differ do not talk: gateway and worker come from one binary, or from two of one release.
inline constexpr std::uint32_t kProtocolVersion = 1;

class Host {
 public:
  // `engine`, `heavy` (where what blocks is done; not stopped before Serve has returned) and `clock` outlive
  // the host; the engine is stopped, or has ended every request, before the host goes.
  Host(engine::Engine& engine, std::shared_ptr<Channel> channel, base::ThreadPool& heavy,
       const base::Clock& clock);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Blocks until the gateway hangs up (kUnavailable), or says what this protocol has no word for. Then all
  // its requests are cancelled and all its calls have ended.
  base::Error Serve();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace lares::worker
