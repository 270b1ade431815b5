// SPDX-License-Identifier: Apache-2.0
//
// One request and the means to answer it, as a handler sees them. A handler is called on the connection's
// thread, returns at once, and answers then or later: by Respond, or by StartStream, Write..., Finish.
//
// Thread safety: executor(), principal(), call() and MarkParsed from any thread; everything else on the
// connection's thread (get there by executor().Post). A handler may keep the Exchange beyond the connection's
// life: answers then go nowhere.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"
#include "core/principal.h"
#include "http/executor.h"
#include "http/message.h"
#include "service/request_log.h"

namespace lares::http {

class Exchange {
 public:
  struct Start {
    Request request;
    std::string parameter;  // what the route's {parameter} matched, decoded
    core::Principal principal;
    std::shared_ptr<service::Call> call;
    std::shared_ptr<Executor> executor;
    std::size_t max_buffered_bytes = 0;
    base::Histogram* arrival_to_parsed = nullptr;
  };
  enum class State : std::uint8_t { kWaiting, kResponded, kStreaming, kFinished };

  explicit Exchange(Start start) : start_(std::move(start)) {}

  const Request& request() const { return start_.request; }
  std::string TakeBody() { return std::move(start_.request.body); }
  const std::string& parameter() const { return start_.parameter; }
  const core::Principal& principal() const { return start_.principal; }
  const std::shared_ptr<service::Call>& call() const { return start_.call; }
  Executor& executor() const { return *start_.executor; }
  const std::shared_ptr<Executor>& shared_executor() const { return start_.executor; }

  // To be called at `now`, when the body has become a request: for the arrival-to-parsed histogram.
  void MarkParsed(base::Time now) const;

  // The whole answer; the first one counts.
  void Respond(Response response);
  void Respond(const base::Error& error);

  // An answer in parts. The head goes out at once. While the stream is silent, the connection sends
  // `heartbeat` every now and then (Limits::stream_heartbeat).
  void StartStream(Response head, std::string heartbeat);
  // `made` is when an engine made what is in `bytes`, for the delivery-delay histogram.
  void Write(std::string_view bytes, base::Time made = {});
  void Finish(std::string_view last_bytes = {}, base::Time made = {});

  // The client went (or was sent away for not reading) before it had its whole answer.
  bool gone() const { return gone_; }
  // Called at most once, when that happens.
  void OnGone(std::function<void()> callback);

  // --- for the connection ---
  void SetWake(std::function<void()> wake) { wake_ = std::move(wake); }
  void LetGo();  // the connection has no more use for it; OnGone is called if the answer was not complete
  State state() const { return state_; }
  Response& head() { return head_; }
  const std::string& heartbeat() const { return heartbeat_; }
  bool overflowed() const { return overflowed_; }
  struct Output {
    std::string bytes;
    base::Time oldest_made{};  // of what is in it; zero: nothing an engine made
  };
  bool has_output() const { return !output_.bytes.empty(); }
  Output TakeOutput() { return std::exchange(output_, {}); }

 private:
  bool Append(std::string_view bytes, base::Time made);  // false: it does not fit
  void Wake() {
    if (wake_) wake_();
  }

  Start start_;
  State state_ = State::kWaiting;
  Response head_;
  std::string heartbeat_;
  Output output_;
  bool overflowed_ = false;
  bool gone_ = false;
  std::function<void()> on_gone_;
  std::function<void()> wake_;
};

}  // namespace lares::http
