// SPDX-License-Identifier: Apache-2.0
//
// The face of anything that turns a request into token events: the engine in this process (engine/local),
// in a worker process, on another machine, or somebody else's server. Callers hold no other type.
//
// Thread safety: every member may be called from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "core/embed.h"
#include "core/generate_request.h"
#include "core/model_spec.h"
#include "core/token_event.h"

namespace lares::engine {

// Where events go. Deliver is called on an engine's thread, in order: one batch for all requests submitted
// with this sink after each call of a step (the decode call's tokens and ends do not wait for the prompts
// that the step reads next), and one for what happened between steps. It must return at once (post to an
// executor) and must not throw.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void Deliver(core::EventBatch batch) = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;

  // Never blocks. An error means nothing was taken and no event will come: kResourceExhausted when the
  // queue is full (with retry_after), kUnavailable while loading or draining, kInvalidArgument when the model
  // does not generate. After success the sink gets
  // exactly one Terminal for request.id, also when the engine stops or the request turns out to be bad.
  virtual base::Status Submit(core::GenerateRequest request, std::shared_ptr<EventSink> sink) = 0;

  // Ends a request within one step; its Terminal says kCancelled. Unknown ids are ignored (it may just have
  // ended).
  virtual void Cancel(const std::string& request_id) = 0;

  // The five below block and compute: call them on a heavy pool, never on an I/O thread.

  // Number of prompt tokens, without running it.
  virtual base::Result<std::int32_t> Count(const core::GenerateRequest& request) = 0;
  virtual base::Result<std::vector<core::TokenId>> Tokenize(const core::TextPrompt& prompt) = 0;
  virtual base::Result<std::string> Detokenize(std::span<const core::TokenId> tokens) = 0;
  // Ends early when `stop` asks for it (kCancelled), at the request's deadline, and when the engine stops.
  virtual base::Result<core::EmbedAnswer> Embed(const core::EmbedRequest& request,
                                                const std::stop_token& stop) = 0;
  // Likewise. By a model that ranks or embeds; another is kInvalidArgument.
  virtual base::Result<core::RankAnswer> Rank(const core::RankRequest& request,
                                              const std::stop_token& stop) = 0;

  virtual core::EngineStatus Status() const = 0;
};

}  // namespace lares::engine
