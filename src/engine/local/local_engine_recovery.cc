// SPDX-License-Identifier: Apache-2.0
//
// How answers go on that were interrupted: by a preemption, and by another request's failed step.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "engine/local/local_engine.h"

namespace lares::engine {

// What a preempted choice knows follows from the ids it produced, so it is let go and made anew on the pool
// while it waits: one path for every continuation, here or elsewhere.
void LocalEngine::DropPreempted(const scheduler::Step& step) {
  for (const scheduler::SequenceId id : step.preempted) {
    const auto found = sequences_.find(id);
    if (found == sequences_.end()) continue;
    ActiveChoice& choice = found->second.request->choices[found->second.choice];
    if (!choice.writer) continue;  // paused again before it went on
    choice.writer.reset();
    Rebuild(found->second);
  }
}

void LocalEngine::Rebuild(const SequenceRef& ref) {
  ActiveChoice& choice = ref.request->choices[ref.choice];
  const Prepared& prepared = **ref.request->prepared;
  std::vector<core::TokenId> ids;
  for (std::size_t i = prepared.prompt.size(); i < choice.symbols.size(); ++i) {
    ids.push_back(choice.symbols[i].token());
  }
  auto promise = std::make_shared<std::promise<base::Result<std::unique_ptr<Choice>>>>();
  {
    const std::lock_guard lock(mutex_);
    ++preparing_;
  }
  const bool accepted =
      pool_.TryRun([this, promise, recipe = prepared.recipe, index = static_cast<std::int32_t>(ref.choice),
                    ids = std::move(ids)]() mutable {
        promise->set_value(RebuildOne(*recipe, index, ids));
        // Let go before Stop may return: the choice stands on the backend.
        promise.reset();
        recipe.reset();
        const std::lock_guard lock(mutex_);
        --preparing_;
        state_changed_.notify_all();
      });
  if (accepted) {
    choice.rebuilt = promise->get_future();
    return;
  }
  const std::lock_guard lock(mutex_);
  --preparing_;
  state_changed_.notify_all();
}

base::Result<std::unique_ptr<Choice>> LocalEngine::RebuildOne(const ChoiceRecipe& recipe, std::int32_t index,
                                                              std::span<const core::TokenId> ids) {
  if (stop_) return base::Fail(base::Code::kUnavailable, "the server is stopping");
  try {
    return MakeChoice(*backend_, recipe, index, ids);
  } catch (...) {
    exceptions_.Caught("going on with a paused answer");
    return base::Fail(base::Code::kInternal,
                      "the answer could not be continued (" + base::CurrentExceptionType() + ")");
  }
}

// Whether the choice can take its next token. If not yet, the row yields nothing: the scheduler takes it back
// and computes it again in the next step.
bool LocalEngine::TakeRebuilt(const SequenceRef& ref) {
  ActiveChoice& choice = ref.request->choices[ref.choice];
  if (choice.writer) return true;
  if (!choice.rebuilt.valid()) return Rebuild(ref), false;  // the pool was full
  if (choice.rebuilt.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return false;
  auto made = choice.rebuilt.get();
  if (made) {
    choice.writer = std::move(*made);
    return true;
  }
  ref.request->failure = std::move(made.error());
  failed_.push_back(ref.request);
  return false;
}

// A call failed in a way that leaves the context undefined: whoever had rows in that step ends with the
// error, because it may be the one that makes the model fail. Everybody else starts anew from an empty
// context, with what it has produced so far.
void LocalEngine::Recover(const scheduler::Step& step, const base::Error& error) {
  log_.Error("a step failed; the context is cleared",
             {{"model", options_.model}, {"cause", error.message()}});
  EndFailed();
  std::unordered_set<Active> hit;
  const auto add = [&](scheduler::SequenceId id) {
    if (const auto found = sequences_.find(id); found != sequences_.end()) hit.insert(found->second.request);
  };
  for (const scheduler::DecodeRow& row : step.decode) add(row.sequence);
  for (const scheduler::PrefillChunk& chunk : step.prefill) add(chunk.sequence);
  for (const Active& active : hit) {
    End(active, base::Error(base::Code::kInternal, "the model failed to compute a step: " + error.message()));
  }
  outbox_.Flush();
  if (auto reset = runner_->Reset(); !reset) {
    const std::lock_guard lock(mutex_);
    status_.state = core::EngineState::kFailed;
    status_.failure = reset.error().message();
    stopping_ = true;
    return;
  }
  std::vector<std::pair<scheduler::SequenceId, SequenceRef>> others(sequences_.begin(), sequences_.end());
  std::ranges::sort(others, {}, [](const auto& entry) { return entry.first; });
  for (const auto& [id, ref] : others) NoteStats(ref, id);
  MakeScheduler();
  const base::Time now = clock_.Now();
  for (const auto& [id, ref] : others) {
    if (!sequences_.contains(id)) continue;  // another choice of it was refused
    if (auto admitted = AdmitChoice(ref.request, ref.choice, now); !admitted) {
      End(ref.request, admitted.error());
    }
  }
}

}  // namespace lares::engine
