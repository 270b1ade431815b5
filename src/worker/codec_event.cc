// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "worker/codec.h"
#include "worker/codec_prompt.h"
#include "worker/enumerator.h"
#include "worker/worker.pb.h"

namespace lares::worker {
namespace {

constexpr std::int64_t kMostRetryMs = 24 * 3600 * 1000;

void ToWire(const core::TokenProbability& value, wire::TokenProbability& message) {
  message.set_id(value.id);
  message.set_text(value.bytes);
  message.set_logprob(value.logprob);
}

core::TokenProbability FromWire(const wire::TokenProbability& message) {
  return {.id = message.id(), .bytes = message.text(), .logprob = message.logprob()};
}

void ToWire(const core::TokenLogprob& value, wire::TokenLogprob& message) {
  ToWire(value.chosen, *message.mutable_chosen());
  for (const core::TokenProbability& each : value.top) ToWire(each, *message.add_top());
}

core::TokenLogprob FromWire(const wire::TokenLogprob& message) {
  core::TokenLogprob value{.chosen = FromWire(message.chosen()), .top = {}};
  for (const wire::TokenProbability& each : message.top()) value.top.push_back(FromWire(each));
  return value;
}

void ToWire(const core::Delta& value, wire::Delta& message) {
  message.set_request(value.request);
  message.set_choice(value.choice);
  message.set_text(value.text);
  message.set_reasoning(value.reasoning);
  for (const core::ToolCallDelta& call : value.tool_calls) {
    wire::ToolCallDelta& added = *message.add_tool_calls();
    added.set_index(call.index);
    added.set_id(call.id);
    added.set_name(call.name);
    added.set_arguments(call.arguments);
  }
  message.mutable_ids()->Assign(value.ids.begin(), value.ids.end());
  for (const core::TokenLogprob& each : value.logprobs) ToWire(each, *message.add_logprobs());
  if (value.finish) message.set_finish(static_cast<std::int32_t>(*value.finish));
}

base::Result<core::Delta> FromWire(const wire::Delta& message) {
  core::Delta value;
  value.request = message.request();
  value.choice = message.choice();
  value.text = message.text();
  value.reasoning = message.reasoning();
  for (const wire::ToolCallDelta& call : message.tool_calls()) {
    value.tool_calls.push_back(
        {.index = call.index(), .id = call.id(), .name = call.name(), .arguments = call.arguments()});
  }
  value.ids.assign(message.ids().begin(), message.ids().end());
  for (const wire::TokenLogprob& each : message.logprobs()) value.logprobs.push_back(FromWire(each));
  if (message.has_finish()) {
    const auto finish = Enumerator(message.finish(), core::FinishReason::kStop,
                                   core::FinishReason::kToolCalls, "finish reason");
    if (!finish) return base::Fail(finish.error());
    value.finish = *finish;
  }
  return value;
}

void ToWire(const core::Terminal& value, wire::Terminal& message) {
  message.set_request(value.request);
  if (value.error) worker::ToWire(*value.error, *message.mutable_error());
  message.set_prompt_tokens(value.usage.prompt_tokens);
  message.set_cached_tokens(value.usage.cached_tokens);
  message.set_completion_tokens(value.usage.completion_tokens);
  message.set_queued_ns(value.timings.queued.count());
  message.set_first_token_ns(value.timings.first_token.count());
  message.set_total_ns(value.timings.total.count());
  message.set_worst_gap_ns(value.timings.worst_gap.count());
  message.set_p99_gap_ns(value.timings.p99_gap.count());
  message.set_preemptions(value.timings.preemptions);
}

base::Result<core::Terminal> FromWire(const wire::Terminal& message) {
  core::Terminal value{.request = message.request(),
                       .error = {},
                       .usage = {.prompt_tokens = message.prompt_tokens(),
                                 .cached_tokens = message.cached_tokens(),
                                 .completion_tokens = message.completion_tokens()},
                       .timings = {.queued = base::Duration(message.queued_ns()),
                                   .first_token = base::Duration(message.first_token_ns()),
                                   .total = base::Duration(message.total_ns()),
                                   .worst_gap = base::Duration(message.worst_gap_ns()),
                                   .p99_gap = base::Duration(message.p99_gap_ns()),
                                   .preemptions = message.preemptions()}};
  if (message.has_error()) {
    auto error = worker::FromWire(message.error());
    if (!error) return base::Fail(error.error());
    value.error = std::move(*error);
  }
  return value;
}

}  // namespace

void ToWire(const base::Error& value, wire::Error& message) {
  message.set_code(static_cast<std::int32_t>(value.code()));
  message.set_message(value.message());
  message.set_reason(value.reason());
  message.set_param(value.param());
  if (value.retry_after()) message.set_retry_after_ms(value.retry_after()->count());
}

base::Result<base::Error> FromWire(const wire::Error& message) {
  const auto code =
      Enumerator(message.code(), base::Code::kCancelled, base::Code::kUnauthenticated, "error code");
  if (!code) return base::Fail(code.error());
  auto value = base::Error(*code, message.message()).WithReason(message.reason()).WithParam(message.param());
  if (!message.has_retry_after_ms()) return value;
  return std::move(value).WithRetryAfter(
      std::chrono::milliseconds(std::clamp<std::int64_t>(message.retry_after_ms(), 0, kMostRetryMs)));
}

void ToWire(const core::EventBatch& value, base::Time now, wire::EventBatch& message) {
  for (const core::Admitted& each : value.admitted) {
    wire::Admitted& added = *message.add_admitted();
    added.set_request(each.request);
    added.set_prompt_tokens(each.prompt_tokens);
  }
  for (const core::Started& each : value.started) {
    wire::Started& added = *message.add_started();
    added.set_request(each.request);
    added.set_cached_tokens(each.cached_tokens);
    added.set_queued_ns(each.queued.count());
  }
  for (const core::Delta& each : value.deltas) ToWire(each, *message.add_deltas());
  for (const core::Terminal& each : value.terminals) ToWire(each, *message.add_terminals());
  message.set_age_ns((now - value.made).count());
}

base::Result<core::EventBatch> FromWire(const wire::EventBatch& message, base::Time now) {
  core::EventBatch value;
  for (const wire::Admitted& each : message.admitted()) {
    value.admitted.push_back({.request = each.request(), .prompt_tokens = each.prompt_tokens()});
  }
  for (const wire::Started& each : message.started()) {
    value.started.push_back({.request = each.request(),
                             .cached_tokens = each.cached_tokens(),
                             .queued = base::Duration(each.queued_ns())});
  }
  for (const wire::Delta& each : message.deltas()) {
    auto delta = FromWire(each);
    if (!delta) return base::Fail(delta.error());
    value.deltas.push_back(std::move(*delta));
  }
  for (const wire::Terminal& each : message.terminals()) {
    auto terminal = FromWire(each);
    if (!terminal) return base::Fail(terminal.error());
    value.terminals.push_back(std::move(*terminal));
  }
  value.made = Later(now, -std::max<std::int64_t>(message.age_ns(), 0));
  return value;
}

void ToWire(const core::EngineStatus& value, wire::EngineStatus& message) {
  message.set_state(static_cast<std::int32_t>(value.state));
  message.set_load_percent(value.load_percent);
  message.set_failure(value.failure);
  message.set_model(value.model);
  message.set_architecture(value.architecture);
  message.set_form(value.form);
  message.set_parameters(value.parameters);
  message.set_bytes(value.bytes);
  message.set_context_tokens(value.context_tokens);
  message.set_training_context(value.training_context);
  message.set_slots(value.slots);
  message.set_running(value.running);
  message.set_waiting(value.waiting);
  message.set_retry_after_ms(std::chrono::ceil<std::chrono::milliseconds>(value.retry_after).count());
  message.set_has_chat_template(value.has_chat_template);
  message.set_steps(value.steps);
  for (const std::string& each : value.unconfined) message.add_unconfined(each);
  message.set_planned_bytes(value.planned_bytes);
  message.set_purpose(static_cast<std::int32_t>(value.purpose));
}

void ToWire(const engine::StepReport& value, wire::StepReport& message) {
  message.set_decode_ns(value.decode.count());
  message.set_predicted_decode_ns(value.predicted_decode.count());
  message.set_prefill_ns(value.prefill.count());
  message.set_predicted_prefill_ns(value.predicted_prefill.count());
  message.set_preemptions(value.preemptions);
  message.set_evictions(value.evictions);
  message.set_waiting(value.waiting);
  message.set_running(value.running);
  message.set_cells_free(value.cells_free);
  message.set_cells_used(value.cells_used);
  message.set_cells_cached(value.cells_cached);
  message.set_host_bytes(value.host_bytes);
}

engine::StepReport FromWire(const wire::StepReport& message) {
  return {.decode = base::Duration(message.decode_ns()),
          .predicted_decode = base::Duration(message.predicted_decode_ns()),
          .prefill = base::Duration(message.prefill_ns()),
          .predicted_prefill = base::Duration(message.predicted_prefill_ns()),
          .preemptions = message.preemptions(),
          .evictions = message.evictions(),
          .waiting = message.waiting(),
          .running = message.running(),
          .cells_free = message.cells_free(),
          .cells_used = message.cells_used(),
          .cells_cached = message.cells_cached(),
          .host_bytes = message.host_bytes()};
}

base::Result<core::EngineStatus> FromWire(const wire::EngineStatus& message) {
  const auto state = Enumerator(message.state(), core::EngineState::kLoading, core::EngineState::kFailed,
                                "state of an engine");
  if (!state) return base::Fail(state.error());
  const auto purpose = Enumerator(message.purpose(), core::ModelPurpose::kGenerate, core::ModelPurpose::kRank,
                                  "purpose of a model");
  if (!purpose) return base::Fail(purpose.error());
  return core::EngineStatus{.state = *state,
                            .load_percent = message.load_percent(),
                            .failure = message.failure(),
                            .model = message.model(),
                            .purpose = *purpose,
                            .architecture = message.architecture(),
                            .form = message.form(),
                            .parameters = message.parameters(),
                            .bytes = message.bytes(),
                            .planned_bytes = message.planned_bytes(),
                            .context_tokens = message.context_tokens(),
                            .training_context = message.training_context(),
                            .slots = message.slots(),
                            .running = message.running(),
                            .waiting = message.waiting(),
                            .retry_after = std::chrono::milliseconds(
                                std::clamp<std::int64_t>(message.retry_after_ms(), 0, kMostRetryMs)),
                            .has_chat_template = message.has_chat_template(),
                            .steps = message.steps(),
                            .crashes = 0,
                            .trouble = {},
                            .unconfined = {message.unconfined().begin(), message.unconfined().end()}};
}

}  // namespace lares::worker
