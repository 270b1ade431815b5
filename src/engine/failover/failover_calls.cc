// SPDX-License-Identifier: Apache-2.0
//
// Counting, tokenising, embedding, ranking: they wait for their turn, and are asked again once.
#include <chrono>
#include <utility>

#include "engine/failover/failover_state.h"

namespace lares::engine {

using base::Code;

// A call holds a thread of a pool while it waits: who wants to wait longer comes again.
constexpr auto kMostWait = std::chrono::seconds(5);

std::optional<base::Error> FailoverEngine::State::WaitForTurn(std::unique_lock<std::mutex>& lock,
                                                              const std::string& name,
                                                              const std::stop_token& stop,
                                                              std::optional<base::Time> deadline) {
  const auto until = std::chrono::steady_clock::now() + kMostWait;
  for (;;) {
    const base::Time now = clock.Now();
    if (guilty_calls.contains(name)) return RequestQuarantined();
    if (stop.stop_requested()) return base::Error(Code::kCancelled, "the client went away");
    if (deadline && now >= *deadline) {
      return base::Error(Code::kDeadlineExceeded, "the request's deadline has passed");
    }
    if (auto why = WhyNotNow(now)) return why;
    Demand();
    if (MayGive(name)) return std::nullopt;
    if (changed.wait_until(lock, stop, until, [&] {
          return WhyNotNow(clock.Now()) || guilty_calls.contains(name) || MayGive(name);
        }))
      continue;
    if (stop.stop_requested()) continue;
    return base::Error(Code::kUnavailable, WhatIsWaitedFor())
        .WithReason(outage.state == core::EngineState::kRestarting ? "model_unavailable" : "model_loading")
        .WithRetryAfter(std::chrono::seconds(2));
  }
}

void FailoverEngine::State::Leave(const std::string& name) {
  calling.erase(name);
  guilty_calls.erase(name);
  blame.OnEnd(name);
  last_use = clock.Now();
  changed.notify_all();
}

base::Result<std::int32_t> FailoverEngine::Count(const core::GenerateRequest& request) {
  return state_->Call([&](Engine& on) { return on.Count(request); });
}

base::Result<std::vector<core::TokenId>> FailoverEngine::Tokenize(const core::TextPrompt& prompt) {
  return state_->Call([&](Engine& on) { return on.Tokenize(prompt); });
}

base::Result<std::string> FailoverEngine::Detokenize(std::span<const core::TokenId> tokens) {
  return state_->Call([&](Engine& on) { return on.Detokenize(tokens); });
}

base::Result<core::EmbedAnswer> FailoverEngine::Embed(const core::EmbedRequest& request,
                                                      const std::stop_token& stop) {
  return state_->Call([&](Engine& on) { return on.Embed(request, stop); }, stop, request.deadline);
}

base::Result<core::RankAnswer> FailoverEngine::Rank(const core::RankRequest& request,
                                                    const std::stop_token& stop) {
  return state_->Call([&](Engine& on) { return on.Rank(request, stop); }, stop, request.deadline);
}

}  // namespace lares::engine
