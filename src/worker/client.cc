// SPDX-License-Identifier: Apache-2.0
#include "worker/client.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "engine/refusals.h"
#include "engine/shared_room.h"
#include "worker/codec.h"
#include "worker/host.h"
#include "worker/worker.pb.h"

namespace lares::worker {
namespace {

using base::Code;

struct Running {
  std::shared_ptr<engine::EventSink> sink;
  std::string tenant;
  std::int32_t produced = 0;  // ids that the sink has heard of, over all choices
  bool cancelled = false;     // the sink hears its end and nothing more
};

std::int32_t Produced(const core::GenerateRequest& request) {
  std::size_t sum = 0;
  for (const auto& ids : request.produced) sum += ids.size();
  return static_cast<std::int32_t>(sum);
}

}  // namespace

struct Client::State {
  State(ClientOptions o, std::unique_ptr<Channel> c, const base::Clock& k, engine::StepListener* s)
      : options(std::move(o)), channel(std::move(c)), clock(k), steps(s) {}

  const ClientOptions options;
  const std::unique_ptr<Channel> channel;
  const base::Clock& clock;
  engine::StepListener* const steps;

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::optional<base::Error> lost;  // why the worker is gone
  bool greeted = false;
  core::EngineStatus status;
  std::optional<engine::SharedRoom> room;  // once the worker has said how many slots it has
  std::unordered_map<std::string, Running> requests;
  std::uint64_t calls = 0;
  std::map<std::uint64_t, std::optional<wire::CallAnswer>> answers;  // of calls that wait
  std::thread reader;

  std::optional<base::Error> WhyNotReady() const {
    if (lost) return lost;
    return engine::WhyNotReady(status.state, status.load_percent, status.failure, room.has_value());
  }

  base::Status Hear(const wire::FromWorker& message) {
    switch (message.message_case()) {
      case wire::FromWorker::kHello:
        return Greet(message.hello());
      case wire::FromWorker::kStatus:
        return HearStatus(message.status());
      case wire::FromWorker::kEvents:
        return HearEvents(message.events());
      case wire::FromWorker::kAnswer:
        HearAnswer(message.answer());
        return {};
      case wire::FromWorker::MESSAGE_NOT_SET:
        break;
    }
    return base::Fail(Code::kInvalidArgument, "the worker sent a message that has no place here");
  }

  base::Status Greet(const wire::Hello& hello) {
    if (greeted) return base::Fail(Code::kInvalidArgument, "the worker said hello twice");
    if (hello.version() != kProtocolVersion) {
      return base::Fail(Code::kFailedPrecondition,
                        "the worker speaks version " + std::to_string(hello.version()) +
                            " of the worker protocol, this gateway " + std::to_string(kProtocolVersion));
    }
    greeted = true;
    return {};
  }

  base::Status HearStatus(const wire::EngineStatus& message) {
    auto heard = FromWire(message);
    if (!heard) return base::Fail(heard.error());
    heard->unconfined.insert(heard->unconfined.end(), options.unconfined.begin(), options.unconfined.end());
    const std::lock_guard lock(mutex);
    status = std::move(*heard);
    if (!room && status.state == core::EngineState::kReady) {
      room.emplace(options.max_waiting + static_cast<std::size_t>(std::max(status.slots, 0)));
    }
    changed.notify_all();
    return {};
  }

  // One batch for each sink, in the worker's order.
  base::Status HearEvents(const wire::EventBatch& message) {
    auto heard = FromWire(message, clock.Now());
    if (!heard) return base::Fail(heard.error());
    HearSteps(message);
    std::map<std::shared_ptr<engine::EventSink>, core::EventBatch> batches;
    {
      const std::lock_guard lock(mutex);
      for (core::Admitted& admitted : heard->admitted) {
        if (Running* running = Listening(admitted.request)) {
          batches[running->sink].admitted.push_back(std::move(admitted));
        }
      }
      for (core::Started& started : heard->started) {
        if (Running* running = Listening(started.request)) {
          batches[running->sink].started.push_back(std::move(started));
        }
      }
      for (core::Delta& delta : heard->deltas) {
        if (Running* running = Listening(delta.request)) {
          running->produced += static_cast<std::int32_t>(delta.ids.size());
          batches[running->sink].deltas.push_back(std::move(delta));
        }
      }
      for (core::Terminal& terminal : heard->terminals) {
        const auto found = requests.find(terminal.request);
        if (found == requests.end()) continue;
        auto& batch = batches[found->second.sink];
        Settle(found->second, terminal);
        batch.terminals.push_back(std::move(terminal));
        Forget(found);
      }
    }
    for (auto& [sink, batch] : batches) {
      batch.made = heard->made;
      sink->Deliver(std::move(batch));
    }
    return {};
  }

  void HearSteps(const wire::EventBatch& message) const {
    if (steps == nullptr || message.steps().empty()) return;
    std::vector<engine::StepReport> reports;
    for (const wire::StepReport& step : message.steps()) reports.push_back(FromWire(step));
    steps->OnSteps(reports);
  }

  Running* Listening(const std::string& id) {
    const auto found = requests.find(id);
    return found == requests.end() || found->second.cancelled ? nullptr : &found->second;
  }

  // What was cancelled here may have gone on over there for a while, and even have ended well.
  static void Settle(const Running& running, core::Terminal& terminal) {
    if (!running.cancelled) return;
    terminal.usage.completion_tokens = running.produced;
    if (!terminal.error) terminal.error = base::Error(Code::kCancelled, "the client went away");
  }

  void Forget(std::unordered_map<std::string, Running>::iterator request) {
    if (room) room->Give(request->second.tenant);
    requests.erase(request);
  }

  void HearAnswer(const wire::CallAnswer& answer) {
    const std::lock_guard lock(mutex);
    const auto found = answers.find(answer.number());
    if (found == answers.end()) return;
    found->second = answer;
    changed.notify_all();
  }

  void Read() {
    base::Status going;
    while (going) {
      const auto bytes = channel->Receive();
      wire::FromWorker message;
      if (!bytes) {
        going = base::Fail(bytes.error());
      } else if (!message.ParseFromString(*bytes)) {
        going = base::Fail(Code::kInvalidArgument, "the worker sent what is no message");
      } else if (!greeted && !message.has_hello()) {
        going = base::Fail(Code::kInvalidArgument, "the worker did not say hello");
      } else {
        going = Hear(message);
      }
    }
    channel->Close();
    Lose(going.error());
  }

  void Lose(const base::Error& cause) {
    std::map<std::shared_ptr<engine::EventSink>, core::EventBatch> batches;
    {
      const std::lock_guard lock(mutex);
      lost = base::Error(Code::kUnavailable, "the model's process is gone: " + cause.message())
                 .WithReason("worker_lost")
                 .WithRetryAfter(std::chrono::seconds(1));
      status.state = core::EngineState::kStopped;
      while (!requests.empty()) {
        const auto request = requests.begin();
        core::Terminal terminal{.request = request->first, .error = lost};
        terminal.usage.completion_tokens = request->second.produced;
        batches[request->second.sink].terminals.push_back(std::move(terminal));
        Forget(request);
      }
      changed.notify_all();
    }
    for (auto& [sink, batch] : batches) {
      batch.made = clock.Now();
      sink->Deliver(std::move(batch));
    }
  }

  // Sends the call and waits for its answer; `stop` asks the worker to end it early.
  base::Result<wire::CallAnswer> Ask(wire::Call call, const std::stop_token& stop = {}) {
    wire::ToWorker message;
    {
      const std::lock_guard lock(mutex);
      if (auto why = WhyNotReady()) return base::Fail(std::move(*why));
      call.set_number(++calls);
      answers.try_emplace(calls);
    }
    const std::uint64_t number = call.number();
    *message.mutable_call() = std::move(call);
    if (auto sent = channel->Send(message.SerializeAsString()); !sent) return Unasked(number, sent.error());
    const std::stop_callback cancel(stop, [&] {
      wire::ToWorker end;
      end.set_cancel_call(number);
      static_cast<void>(channel->Send(end.SerializeAsString()));
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return lost || answers.at(number); });
    auto answer = std::move(answers.at(number));
    answers.erase(number);
    if (!answer) return base::Fail(*lost);
    if (!answer->has_error()) return std::move(*answer);
    auto error = FromWire(answer->error());
    return base::Fail(error ? std::move(*error) : error.error());
  }

  base::Result<wire::CallAnswer> Unasked(std::uint64_t number, const base::Error& why) {
    const std::lock_guard lock(mutex);
    answers.erase(number);
    return base::Fail(lost ? *lost : why);
  }
};

Client::Client(ClientOptions options, std::unique_ptr<Channel> channel, const base::Clock& clock,
               engine::StepListener* steps)
    : state_(std::make_unique<State>(std::move(options), std::move(channel), clock, steps)) {
  wire::ToWorker hello;
  hello.mutable_hello()->set_version(kProtocolVersion);
  // When nobody listens any more, the reader finds out.
  static_cast<void>(state_->channel->Send(hello.SerializeAsString()));
  state_->reader = std::thread([this] { state_->Read(); });
}

Client::~Client() { Close(); }

void Client::Close() {
  state_->channel->Close();
  if (state_->reader.joinable()) state_->reader.join();
}

bool Client::owes() const {
  const std::lock_guard lock(state_->mutex);
  return !state_->lost && (!state_->requests.empty() || !state_->answers.empty());
}

std::optional<base::Error> Client::WhyLost() const {
  const std::lock_guard lock(state_->mutex);
  return state_->lost;
}

base::Status Client::WaitUntilReady() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(
      lock, [this] { return state_->lost || state_->status.state != core::EngineState::kLoading; });
  if (auto why = state_->WhyNotReady()) return base::Fail(std::move(*why));
  return {};
}

base::Status Client::Submit(core::GenerateRequest request, std::shared_ptr<engine::EventSink> sink) {
  wire::ToWorker message;
  ToWire(request, state_->clock.Now(), *message.mutable_submit());
  const std::string bytes = message.SerializeAsString();
  const std::lock_guard lock(state_->mutex);
  if (auto why = state_->WhyNotReady()) return base::Fail(std::move(*why));
  if (state_->requests.contains(request.id)) {
    return base::Fail(Code::kAlreadyExists, "a request with this id is running");
  }
  const std::string& tenant = request.principal.tenant;
  if (!state_->room->Take(tenant)) {
    return base::Fail(
        engine::QueueFull(state_->requests.size(), state_->room->held(tenant), state_->status.retry_after));
  }
  // Under the lock, so that no Cancel overtakes it.
  if (auto sent = state_->channel->TrySend(bytes); !sent) {
    state_->room->Give(tenant);
    return base::Fail(base::Error(Code::kResourceExhausted, sent.error().message())
                          .WithReason("queue_full")
                          .WithRetryAfter(std::chrono::seconds(1)));
  }
  state_->requests.emplace(request.id,
                           Running{.sink = std::move(sink), .tenant = tenant, .produced = Produced(request)});
  return {};
}

void Client::Cancel(const std::string& request_id) {
  wire::ToWorker message;
  message.set_cancel(request_id);
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->requests.find(request_id);
    if (found == state_->requests.end() || std::exchange(found->second.cancelled, true)) return;
  }
  static_cast<void>(state_->channel->Send(message.SerializeAsString()));
}

base::Result<std::int32_t> Client::Count(const core::GenerateRequest& request) {
  wire::Call call;
  ToWire(request, state_->clock.Now(), *call.mutable_count());
  const auto answer = state_->Ask(std::move(call));
  if (!answer) return base::Fail(answer.error());
  return answer->count();
}

base::Result<std::vector<core::TokenId>> Client::Tokenize(const core::TextPrompt& prompt) {
  wire::Call call;
  ToWire(prompt, *call.mutable_tokenize());
  const auto answer = state_->Ask(std::move(call));
  if (!answer) return base::Fail(answer.error());
  return FromWire(answer->tokens());
}

base::Result<std::string> Client::Detokenize(std::span<const core::TokenId> tokens) {
  wire::Call call;
  ToWire(tokens, *call.mutable_detokenize());
  const auto answer = state_->Ask(std::move(call));
  if (!answer) return base::Fail(answer.error());
  return answer->text();
}

base::Result<core::EmbedAnswer> Client::Embed(const core::EmbedRequest& request,
                                              const std::stop_token& stop) {
  if (stop.stop_requested()) return base::Fail(Code::kCancelled, "the client went away");
  wire::Call call;
  ToWire(request, state_->clock.Now(), *call.mutable_embed());
  const auto answer = state_->Ask(std::move(call), stop);
  if (!answer) return base::Fail(answer.error());
  return FromWire(answer->embeddings());
}

base::Result<core::RankAnswer> Client::Rank(const core::RankRequest& request, const std::stop_token& stop) {
  if (stop.stop_requested()) return base::Fail(Code::kCancelled, "the client went away");
  wire::Call call;
  ToWire(request, state_->clock.Now(), *call.mutable_rank());
  const auto answer = state_->Ask(std::move(call), stop);
  if (!answer) return base::Fail(answer.error());
  return FromWire(answer->ranking());
}

core::EngineStatus Client::Status() const {
  const std::lock_guard lock(state_->mutex);
  return state_->status;
}

}  // namespace lares::worker
