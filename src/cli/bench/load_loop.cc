// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/load_loop.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace lares::cli {
namespace {

using std::chrono::milliseconds;

constexpr auto kProgressEvery = milliseconds(250);
constexpr auto kLongestWait = milliseconds(100);

}  // namespace

// Notes bytes and times, nothing else.
class LoadLoop::Running final : public Receiver {
 public:
  explicit Running(LoadLoop& loop) : loop_(loop) {}

  bool OnBytes(base::Time when, std::string_view bytes) override {
    record.body.append(bytes);
    record.pieces.push_back({.when = when, .end = record.body.size()});
    ++loop_.progress_.pieces;
    return true;
  }
  void OnEnd(base::Time when, const HttpEnd& end) override {
    record.ended = when;
    record.end = end;
    ended = true;
    loop_.Ended(*this);
  }

  ExchangeRecord record;
  bool ended = false;

 private:
  LoadLoop& loop_;
};

LoadLoop::LoadLoop(Transport& transport, const base::Clock& clock, LoadSettings settings)
    : transport_(transport), clock_(clock), settings_(std::move(settings)) {}

LoadLoop::~LoadLoop() = default;

void LoadLoop::Begin() {
  start_ = clock_.Now();
  last_progress_ = start_;
  progress_ = {};
  exchanges_.clear();
  outcomes_.clear();
  kept_bytes_ = 0;
  stopped_ = false;
}

void LoadLoop::Send(PlannedRequest request, base::Time due) {
  exchanges_.push_back(std::make_unique<Running>(*this));
  Running& exchange = *exchanges_.back();
  exchange.record.due = due;
  exchange.record.sent = clock_.Now();
  ++progress_.sent;
  transport_.Start(
      {.path = std::move(request.path), .body = std::move(request.body), .timeout = settings_.timeout},
      exchange);
}

void LoadLoop::Ended(Running& exchange) {
  ++progress_.ended;
  if (!exchange.record.end.complete() || exchange.record.end.status != 200) ++progress_.not_ok;
  kept_bytes_ += exchange.record.body.size();
}

void LoadLoop::Read(std::unique_ptr<Running> exchange) {
  kept_bytes_ -= exchange->record.body.size();
  outcomes_.push_back(ReadOutcome(exchange->record, settings_.stream));
}

void LoadLoop::Wait(base::Duration longest) {
  transport_.Poll(std::clamp<base::Duration>(longest, base::Duration{}, kLongestWait));
  while (kept_bytes_ > settings_.raw_bytes && !exchanges_.empty() && exchanges_.front()->ended) {
    Read(std::move(exchanges_.front()));
    exchanges_.pop_front();
  }
  const base::Time now = clock_.Now();
  if (!settings_.on_progress || now - last_progress_ < kProgressEvery) return;
  last_progress_ = now;
  progress_.elapsed = now - start_;
  progress_.running = progress_.sent - progress_.ended;
  settings_.on_progress(progress_);
}

bool LoadLoop::Interrupted() {
  if (stopped_ || !settings_.interrupted || !settings_.interrupted()) return stopped_;
  stopped_ = true;
  transport_.CancelAll();
  return true;
}

std::vector<Outcome> LoadLoop::TakeOutcomes() {
  for (auto& exchange : exchanges_) Read(std::move(exchange));
  exchanges_.clear();
  return std::exchange(outcomes_, {});
}

std::vector<Outcome> LoadLoop::RunClosed(RequestSource& source, const ClosedLoop& loop) {
  Begin();
  bool more = true;
  while (more || progress_.sent > progress_.ended) {
    while (more && progress_.sent - progress_.ended < loop.concurrency) {
      const bool late = loop.duration.count() > 0 && clock_.Now() - start_ >= loop.duration;
      const bool enough = loop.requests > 0 && progress_.sent >= loop.requests;
      auto request = late || enough ? std::nullopt : source.Next();
      more = request.has_value();
      if (more) Send(std::move(*request), clock_.Now());
    }
    if (Interrupted()) break;
    if (progress_.sent > progress_.ended) Wait(kLongestWait);
  }
  return TakeOutcomes();
}

std::vector<Outcome> LoadLoop::RunOpen(std::vector<PlannedRequest> requests) {
  Begin();
  std::size_t next = 0;
  while (next < requests.size() || progress_.sent > progress_.ended) {
    while (next < requests.size() && start_ + requests[next].due <= clock_.Now()) {
      const base::Time due = start_ + requests[next].due;
      Send(std::move(requests[next++]), due);
    }
    if (Interrupted()) break;
    Wait(next < requests.size() ? start_ + requests[next].due - clock_.Now() : base::Duration(kLongestWait));
  }
  return TakeOutcomes();
}

}  // namespace lares::cli
