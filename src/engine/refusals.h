// SPDX-License-Identifier: Apache-2.0
//
// What Submit answers when it takes nothing: the same words from every engine. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "core/model_spec.h"

namespace lares::engine {

// Nothing in the states in which requests are taken. `was_ready`: a failed engine worked before.
inline std::optional<base::Error> WhyNotReady(core::EngineState state, int load_percent,
                                              const std::string& failure, bool was_ready) {
  using base::Code;
  switch (state) {
    case core::EngineState::kReady:
    case core::EngineState::kRestarting:
    case core::EngineState::kUnloaded:
      return std::nullopt;
    case core::EngineState::kStopped:
    case core::EngineState::kDraining:
      return base::Error(Code::kUnavailable, "the server is stopping").WithReason("stopping");
    case core::EngineState::kLoading:
      return base::Error(Code::kUnavailable,
                         "the model is loading, " + std::to_string(load_percent) + " percent done")
          .WithReason("model_loading")
          .WithRetryAfter(std::chrono::seconds(2));
    case core::EngineState::kFailed:
      return base::Error(
                 Code::kUnavailable,
                 (was_ready ? "the model stopped working: " : "the model could not be loaded: ") + failure)
          .WithReason("model_failed");
  }
  return std::nullopt;
}

// `all` requests wait or run, `own` of them the tenant's.
inline base::Error QueueFull(std::size_t all, std::size_t own, base::Duration retry_after) {
  std::string message = "the queue is full: " + std::to_string(all) + " requests wait or run";
  if (own != all) message += ", " + std::to_string(own) + " of them yours";
  return base::Error(base::Code::kResourceExhausted, std::move(message))
      .WithReason("queue_full")
      .WithRetryAfter(std::chrono::ceil<std::chrono::milliseconds>(retry_after));
}

inline base::Error CannotGenerate(const std::string& model) {
  return base::Error(base::Code::kInvalidArgument,
                     "the model \"" + model + "\" was made for embeddings or ranking: it generates no text")
      .WithReason("model_cannot_generate")
      .WithParam("model");
}

inline base::Error CannotEmbed(const std::string& model) {
  return base::Error(base::Code::kInvalidArgument,
                     "the model \"" + model + "\" ranks documents (/v1/rerank); it does not embed texts")
      .WithReason("model_cannot_embed")
      .WithParam("model");
}

inline base::Error CannotRank(const std::string& model) {
  return base::Error(base::Code::kInvalidArgument,
                     "the model \"" + model +
                         "\" generates text: ranking takes a model that was made for it, or for embeddings")
      .WithReason("model_cannot_rank")
      .WithParam("model");
}

}  // namespace lares::engine
