// SPDX-License-Identifier: Apache-2.0
//
// A transport for tests: each exchange plays a script over a clock that moves only inside Poll.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cli/transport.h"

namespace lares::cli {

class ScriptedTransport final : public Transport {
 public:
  struct Piece {
    base::Duration after{};  // since the piece before, or the start
    std::string bytes;
  };
  struct Script {
    std::vector<Piece> pieces;
    HttpEnd end{.status = 200};
    base::Duration end_after{};  // since the last piece
  };

  explicit ScriptedTransport(base::ManualClock& clock) : clock_(clock) {}

  void Start(HttpRequest request, Receiver& receiver) override {
    Script script = scripts.empty() ? fallback : scripts.front();
    if (!scripts.empty()) scripts.pop_front();
    requests.push_back(std::move(request));
    started.push_back(clock_.Now());
    running_.push_back({.script = std::move(script), .receiver = &receiver, .since = clock_.Now()});
    most_running = std::max(most_running, running_.size());
  }

  void Poll(base::Duration longest) override {
    const base::Time until = clock_.Now() + longest;
    const auto next = std::ranges::min_element(running_, {}, [](const Exchange& e) { return e.NextAt(); });
    if (next == running_.end() || next->NextAt() > until) {
      clock_.Advance(until - clock_.Now());
      return;
    }
    clock_.Advance(std::max<base::Duration>(next->NextAt() - clock_.Now(), base::Duration{}));
    Play(static_cast<std::size_t>(next - running_.begin()));
  }

  void CancelAll() override {
    const auto running = std::exchange(running_, {});
    for (const Exchange& exchange : running) exchange.receiver->OnEnd(clock_.Now(), {.cancelled = true});
  }

  std::size_t running() const override { return running_.size(); }

  std::deque<Script> scripts;
  Script fallback;  // for exchanges beyond the scripts
  std::vector<HttpRequest> requests;
  std::vector<base::Time> started;
  std::size_t most_running = 0;

 private:
  struct Exchange {
    Script script;
    Receiver* receiver = nullptr;
    base::Time since;
    std::size_t next = 0;
    base::Time NextAt() const {
      return since + (next < script.pieces.size() ? script.pieces[next].after : script.end_after);
    }
  };

  void Play(std::size_t index) {
    Exchange& exchange = running_[index];
    Receiver& receiver = *exchange.receiver;
    if (exchange.next < exchange.script.pieces.size()) {
      exchange.since = clock_.Now();
      const std::string bytes = exchange.script.pieces[exchange.next++].bytes;
      if (receiver.OnBytes(clock_.Now(), bytes)) return;
      exchange.script.end.cancelled = true;
    }
    const HttpEnd end = running_[index].script.end;
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
    receiver.OnEnd(clock_.Now(), end);
  }

  base::ManualClock& clock_;
  std::vector<Exchange> running_;
};

}  // namespace lares::cli
