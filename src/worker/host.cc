// SPDX-License-Identifier: Apache-2.0
#include "worker/host.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "worker/codec.h"
#include "worker/worker.pb.h"

namespace lares::worker {
namespace {

using base::Code;

// A status that changed is told this often at most; what it says is for people and for refusals.
constexpr auto kStatusEvery = std::chrono::milliseconds(20);

base::Error Senseless(const std::string& what) {
  return {Code::kInvalidArgument, "the gateway sent " + what};
}

}  // namespace

// Shared with what the engine and the pool still hold when the gateway is gone.
struct Host::State final : engine::EventSink, std::enable_shared_from_this<State> {
  State(engine::Engine& e, Progress& p, std::shared_ptr<Channel> c, HostPools h, const base::Clock& k)
      : engine(e), progress(p), channel(std::move(c)), pools(h), clock(k) {}

  engine::Engine& engine;
  Progress& progress;
  const std::shared_ptr<Channel> channel;
  const HostPools pools;
  const base::Clock& clock;

  std::mutex mutex;
  std::condition_variable_any changed;
  std::vector<std::string> unconfined;
  std::set<std::string> requests;                   // submitted and not ended
  std::map<std::uint64_t, std::stop_source> calls;  // on the pool

  void Send(const wire::FromWorker& message) {
    // A gateway that has gone hears nothing; Serve finds out.
    static_cast<void>(channel->Send(message.SerializeAsString()));
  }

  void Deliver(core::EventBatch batch) override {
    {
      const std::lock_guard lock(mutex);
      for (const core::Terminal& terminal : batch.terminals) requests.erase(terminal.request);
    }
    wire::FromWorker message;
    ToWire(batch, clock.Now(), *message.mutable_events());
    AddReports(*message.mutable_events());
    Send(message);
  }

  void AddReports(wire::EventBatch& events) {
    for (const engine::StepReport& report : progress.TakeReports()) ToWire(report, *events.add_steps());
  }

  base::Status Handle(const wire::ToWorker& message) {
    switch (message.message_case()) {
      case wire::ToWorker::kSubmit:
        return Submit(message.submit());
      case wire::ToWorker::kCancel:
        engine.Cancel(message.cancel());
        return {};
      case wire::ToWorker::kCall:
        return Begin(message.call());
      case wire::ToWorker::kCancelCall:
        CancelCall(message.cancel_call());
        return {};
      case wire::ToWorker::kHello:
      case wire::ToWorker::MESSAGE_NOT_SET:
        break;
    }
    return base::Fail(Senseless("a message that has no place here"));
  }

  base::Status Submit(const wire::GenerateRequest& message) {
    auto request = FromWire(message, clock.Now());
    if (!request) return base::Fail(request.error());
    const std::string id = request->id;
    {
      const std::lock_guard lock(mutex);
      if (!requests.insert(id).second) return base::Fail(Senseless("a request's id twice"));
    }
    auto taken = core::Validate(*request);
    if (taken) taken = engine.Submit(std::move(*request), shared_from_this());
    if (!taken) {
      core::EventBatch batch{.made = clock.Now()};
      batch.terminals.push_back({.request = id, .error = taken.error()});
      Deliver(std::move(batch));
    }
    return {};
  }

  base::Status Begin(const wire::Call& call) {
    std::stop_token stop;
    {
      const std::lock_guard lock(mutex);
      const auto [place, added] = calls.try_emplace(call.number());
      if (!added) return base::Fail(Senseless("a call's number twice"));
      stop = place->second.get_token();
    }
    base::ThreadPool& pool = call.has_embed() || call.has_rank() ? pools.embeddings : pools.heavy;
    const bool taken = pool.TryRun(
        [self = shared_from_this(), call, stop] { self->End(call.number(), self->Answer(call, stop)); });
    if (taken) return {};
    wire::CallAnswer busy;
    ToWire(base::Error(Code::kResourceExhausted, "too much waits to be computed")
               .WithReason("busy")
               .WithRetryAfter(std::chrono::seconds(1)),
           *busy.mutable_error());
    End(call.number(), std::move(busy));
    return {};
  }

  void CancelCall(std::uint64_t number) {
    const auto source = [&] {
      const std::lock_guard lock(mutex);
      const auto found = calls.find(number);
      return found == calls.end() ? std::stop_source(std::nostopstate) : found->second;
    };
    source().request_stop();
  }

  void End(std::uint64_t number, wire::CallAnswer answer) {
    wire::FromWorker message;
    answer.set_number(number);
    *message.mutable_answer() = std::move(answer);
    Send(message);
    const std::lock_guard lock(mutex);
    calls.erase(number);
    changed.notify_all();
  }

  wire::CallAnswer Answer(const wire::Call& call, const std::stop_token& stop) {
    wire::CallAnswer answer;
    const auto status = Work(call, stop, answer);
    if (!status) ToWire(status.error(), *answer.mutable_error());
    return answer;
  }

  base::Status Work(const wire::Call& call, const std::stop_token& stop, wire::CallAnswer& answer) {
    switch (call.work_case()) {
      case wire::Call::kCount: {
        const auto request = FromWire(call.count(), clock.Now());
        if (!request) return base::Fail(request.error());
        const auto count = engine.Count(*request);
        if (!count) return base::Fail(count.error());
        answer.set_count(*count);
        return {};
      }
      case wire::Call::kTokenize: {
        const auto tokens = engine.Tokenize(FromWire(call.tokenize()));
        if (!tokens) return base::Fail(tokens.error());
        ToWire(*tokens, *answer.mutable_tokens());
        return {};
      }
      case wire::Call::kDetokenize: {
        auto text = engine.Detokenize(FromWire(call.detokenize()));
        if (!text) return base::Fail(text.error());
        answer.set_text(std::move(*text));
        return {};
      }
      case wire::Call::kEmbed: {
        const auto request = FromWire(call.embed(), clock.Now());
        if (!request) return base::Fail(request.error());
        const auto embedded = engine.Embed(*request, stop);
        if (!embedded) return base::Fail(embedded.error());
        ToWire(*embedded, *answer.mutable_embeddings());
        return {};
      }
      case wire::Call::kRank: {
        const auto ranked = engine.Rank(FromWire(call.rank(), clock.Now()), stop);
        if (!ranked) return base::Fail(ranked.error());
        ToWire(*ranked, *answer.mutable_ranking());
        return {};
      }
      case wire::Call::WORK_NOT_SET:
        break;
    }
    return base::Fail(Senseless("a call without work"));
  }

  core::EngineStatus StatusNow() {
    core::EngineStatus status = engine.Status();
    const std::lock_guard lock(mutex);
    status.unconfined = unconfined;
    return status;
  }

  void TellStatus(const std::stop_token& stop) {
    std::string told;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      lock.unlock();
      wire::FromWorker message;
      ToWire(StatusNow(), *message.mutable_status());
      std::string bytes = message.SerializeAsString();
      if (bytes != told) static_cast<void>(channel->Send(bytes));
      told = std::move(bytes);
      wire::FromWorker rest;
      AddReports(*rest.mutable_events());
      if (rest.events().steps_size() > 0) Send(rest);
      lock.lock();
      changed.wait_for(lock, stop, kStatusEvery, [] { return false; });
    }
  }

  void EndAll() {
    std::set<std::string> left;
    {
      std::unique_lock lock(mutex);
      left = requests;
      for (auto& [number, stop] : calls) stop.request_stop();
    }
    for (const std::string& id : left) engine.Cancel(id);
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return calls.empty(); });
  }
};

Host::Host(engine::Engine& engine, Progress& progress, std::shared_ptr<Channel> channel, HostPools pools,
           const base::Clock& clock)
    : state_(std::make_shared<State>(engine, progress, std::move(channel), pools, clock)) {}

Host::~Host() = default;

void Host::AddUnconfined(const std::vector<std::string>& missing) {
  const std::lock_guard lock(state_->mutex);
  state_->unconfined.insert(state_->unconfined.end(), missing.begin(), missing.end());
}

base::Error Host::Serve() {
  wire::FromWorker hello;
  hello.mutable_hello()->set_version(kProtocolVersion);
  state_->Send(hello);
  const std::jthread status([this](const std::stop_token& stop) { state_->TellStatus(stop); });
  bool greeted = false;
  for (;;) {
    const auto bytes = state_->channel->Receive();
    wire::ToWorker message;
    base::Status handled;
    if (!bytes) {
      handled = base::Fail(bytes.error());
    } else if (!message.ParseFromString(*bytes)) {
      handled = base::Fail(Senseless("what is no message"));
    } else if (!std::exchange(greeted, true)) {
      if (message.hello().version() != kProtocolVersion) {
        handled = base::Fail(Code::kFailedPrecondition,
                             "the gateway speaks version " + std::to_string(message.hello().version()) +
                                 " of the worker protocol, this worker " + std::to_string(kProtocolVersion));
      }
    } else {
      handled = state_->Handle(message);
    }
    if (handled) continue;
    state_->channel->Close();
    state_->EndAll();
    return handled.error();
  }
}

}  // namespace lares::worker
