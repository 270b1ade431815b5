// SPDX-License-Identifier: Apache-2.0
//
// The face and the life of LocalEngine; how it loads is in local_engine_load.cc, its loop in
// local_engine_loop.cc, what it does beside in local_engine_embed.cc.
#include "engine/local/local_engine.h"

#include <algorithm>
#include <utility>

#include "engine/local/preparation.h"
#include "engine/refusals.h"

namespace lares::engine {

using base::Code;

LocalEngine::LocalEngine(LocalOptions options, Loader loader, base::ThreadPool& pool,
                         const base::Clock& clock, Observer& observer, base::Logger& log)
    : options_(std::move(options)),
      loader_(std::move(loader)),
      pool_(pool),
      clock_(clock),
      log_(log),
      observer_(observer),
      outbox_(clock) {
  status_.model = options_.model;
}

LocalEngine::~LocalEngine() { Stop(); }

void LocalEngine::Start() {
  thread_ = std::jthread([this] {
    base::DescribeThisThread("engine", 0);
    Main();
  });
}

void LocalEngine::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    interrupt_ = true;
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  // Preparations still on the pool refer to this engine.
  std::unique_lock lock(mutex_);
  state_changed_.wait(lock, [this] { return preparing_ == 0; });
}

base::Status LocalEngine::WaitUntilReady() {
  std::unique_lock lock(mutex_);
  state_changed_.wait(lock, [this] { return status_.state != core::EngineState::kLoading; });
  if (status_.state == core::EngineState::kReady) return {};
  return base::Fail(Code::kUnavailable, status_.failure.empty() ? "the engine has stopped" : status_.failure);
}

std::optional<base::Error> LocalEngine::WhyNotReady() const {
  const bool ending = stopping_ && status_.state == core::EngineState::kReady;
  // With a backend it was loaded once.
  return engine::WhyNotReady(ending ? core::EngineState::kDraining : status_.state, status_.load_percent,
                             status_.failure,
                             status_.state == core::EngineState::kFailed && backend_ != nullptr);
}

base::Result<backend::Backend*> LocalEngine::Ready() const {
  const std::lock_guard lock(mutex_);
  if (auto why = WhyNotReady()) return base::Fail(std::move(*why));
  return backend_.get();
}

// Whatever a library throws here ends this request and nothing else.
base::Result<Prepared> LocalEngine::PrepareOne(const core::GenerateRequest& request) {
  if (stop_)
    return base::Fail(base::Error(Code::kUnavailable, "the server is stopping").WithReason("stopping"));
  const auto& facts = backend_->facts();
  try {
    return Prepare(*backend_, request,
                   {.context = std::min(facts.slot_cells, facts.total_cells),
                    .default_max_new = options_.default_max_new});
  } catch (...) {
    exceptions_.Caught("preparing a request");
    return base::Fail(Code::kInternal,
                      "the request could not be prepared (" + base::CurrentExceptionType() + ")");
  }
}

base::Status LocalEngine::Submit(core::GenerateRequest request, std::shared_ptr<EventSink> sink) {
  auto active = std::make_shared<ActiveRequest>();
  active->request = std::move(request);
  active->sink = std::move(sink);
  active->submitted = clock_.Now();
  {
    const std::lock_guard lock(mutex_);
    if (auto why = WhyNotReady()) return base::Fail(std::move(*why));
    if (backend_->facts().slots == 0) return base::Fail(CannotGenerate(options_.model));
    if (requests_.contains(active->request.id)) {
      return base::Fail(Code::kAlreadyExists, "a request with this id is running");
    }
    const std::string& tenant = active->request.principal.tenant;
    if (!room_->Take(tenant)) {
      return base::Fail(QueueFull(requests_.size(), room_->held(tenant), status_.retry_after));
    }
    requests_.emplace(active->request.id, active);
    ++preparing_;
  }
  const bool accepted = pool_.TryRun([this, active] {
    observer_.OnPreparing(active->request.id);
    active->prepared = PrepareOne(active->request);
    observer_.OnPrepared(active->request.id);
    {
      // Notified under the lock: once preparing_ is zero, Stop may return and the engine be gone.
      const std::lock_guard lock(mutex_);
      inbox_.push_back(active);
      --preparing_;
      wake_.notify_all();
      state_changed_.notify_all();
    }
  });
  if (accepted) return {};
  const std::lock_guard lock(mutex_);
  room_->Give(active->request.principal.tenant);
  requests_.erase(active->request.id);
  --preparing_;
  state_changed_.notify_all();
  return base::Fail(base::Error(Code::kResourceExhausted, "too many requests wait to be prepared")
                        .WithReason("queue_full")
                        .WithRetryAfter(std::chrono::seconds(1)));
}

void LocalEngine::Cancel(const std::string& request_id) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = requests_.find(request_id);
    if (found == requests_.end() || found->second->cancelled.exchange(true)) return;
    cancels_.push_back(found->second);
    // Nobody else gains from the call that runs: cut it short.
    if (alone_in_prefill_ == request_id) interrupt_ = true;
  }
  wake_.notify_all();
}

base::Result<std::int32_t> LocalEngine::Count(const core::GenerateRequest& request) {
  auto backend = Ready();
  if (!backend) return base::Fail(backend.error());
  auto rendered = (*backend)->Render(request);
  if (!rendered) return base::Fail(rendered.error());
  std::int32_t rows = 0;
  for (const core::Symbol& symbol : rendered->prompt.symbols) rows += symbol.rows;
  return rows;
}

base::Result<std::vector<core::TokenId>> LocalEngine::Tokenize(const core::TextPrompt& prompt) {
  auto backend = Ready();
  if (!backend) return base::Fail(backend.error());
  return (*backend)->Tokenize(prompt.text, prompt.add_special, prompt.parse_special);
}

base::Result<std::string> LocalEngine::Detokenize(std::span<const core::TokenId> tokens) {
  auto backend = Ready();
  if (!backend) return base::Fail(backend.error());
  std::string text;
  for (const core::TokenId token : tokens) {
    if (token < 0 || token >= (*backend)->facts().vocabulary) {
      return base::Fail(base::Error(Code::kInvalidArgument,
                                    "token " + std::to_string(token) + " is not in the vocabulary of " +
                                        std::to_string((*backend)->facts().vocabulary))
                            .WithParam("tokens"));
    }
    text += (*backend)->Piece(token, true);
  }
  return text;
}

core::EngineStatus LocalEngine::Status() const {
  const std::lock_guard lock(mutex_);
  core::EngineStatus status = status_;
  if (stopping_ && status.state == core::EngineState::kReady) status.state = core::EngineState::kDraining;
  return status;
}

}  // namespace lares::engine
