// SPDX-License-Identifier: Apache-2.0
#include "engine/failover/resumable.h"

#include <algorithm>
#include <utility>

namespace lares::engine {

Resumable::Resumable(core::GenerateRequest request, std::shared_ptr<EventSink> sink, base::Time now)
    : request_(std::move(request)), sink_(std::move(sink)), submitted_(now) {
  const auto choices = static_cast<std::size_t>(std::max(request_.choices, 1));
  request_.produced.resize(choices);
  finished_.resize(choices);
  last_token_.resize(choices);
}

core::GenerateRequest Resumable::OneStep() const {
  core::GenerateRequest step = request_;
  std::size_t longest = 0;
  for (const auto& ids : step.produced) longest = std::max(longest, ids.size());
  step.max_tokens = static_cast<std::int32_t>(longest) + 1;
  step.min_tokens = std::min(step.min_tokens, *step.max_tokens);
  return step;
}

bool Resumable::Take(const core::Admitted& event, bool probed) {
  prompt_tokens_ = event.prompt_tokens;
  if (!probed && std::exchange(worked_, true)) ++continuations_;
  return !std::exchange(admitted_, true);
}

bool Resumable::Take(core::Started& event) {
  if (started_) return false;
  event.queued += given_ - submitted_;
  started_ = event;
  return true;
}

bool Resumable::Take(core::Delta& delta, base::Time made) {
  const auto choice = static_cast<std::size_t>(delta.choice);
  if (choice >= finished_.size() || finished_[choice]) return false;
  if (delta.finish) finished_[choice] = true;
  if (delta.ids.empty()) return true;
  auto& ids = request_.produced[choice];
  ids.insert(ids.end(), delta.ids.begin(), delta.ids.end());
  if (first_token_ == base::Duration{}) first_token_ = made - submitted_;
  base::Time& last = last_token_[choice];
  if (last != base::Time{}) gaps_.Add(made - last);
  last = made;
  return true;
}

void Resumable::Given(base::Time now) {
  if (!started_) given_ = now;
}

core::Usage Resumable::SoFar() const {
  core::Usage usage{.prompt_tokens = prompt_tokens_,
                    .cached_tokens = started_ ? started_->cached_tokens : 0,
                    .completion_tokens = 0};
  for (const auto& ids : request_.produced) usage.completion_tokens += static_cast<std::int32_t>(ids.size());
  return usage;
}

core::Timings Resumable::TimingsAt(base::Time now) const {
  return {.queued = started_ ? started_->queued : base::Duration{},
          .first_token = first_token_,
          .total = now - submitted_,
          .worst_gap = gaps_.worst(),
          .p99_gap = gaps_.Quantile(0.99),
          .preemptions = 0,
          .continuations = continuations_};
}

void Resumable::Finish(core::Terminal& terminal, base::Time now) const {
  if (continuations_ == 0 && given_ == submitted_) return;  // one engine saw all of it
  const std::int32_t preemptions = terminal.timings.preemptions;
  if (continuations_ > 0) terminal.usage = SoFar();
  terminal.timings = TimingsAt(now);
  terminal.timings.preemptions = preemptions;
}

core::Terminal Resumable::End(base::Error error, base::Time now) const {
  return {.request = request_.id, .error = std::move(error), .usage = SoFar(), .timings = TimingsAt(now)};
}

}  // namespace lares::engine
