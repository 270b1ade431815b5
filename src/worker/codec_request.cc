// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "worker/codec.h"
#include "worker/codec_prompt.h"
#include "worker/enumerator.h"
#include "worker/worker.pb.h"

namespace lares::worker {
namespace {

void ToWire(const core::SamplingParams& value, wire::Sampling& message) {
  message.set_temperature(value.temperature);
  message.set_top_k(value.top_k);
  message.set_top_p(value.top_p);
  message.set_min_p(value.min_p);
  message.set_typical_p(value.typical_p);
  message.set_frequency_penalty(value.frequency_penalty);
  message.set_presence_penalty(value.presence_penalty);
  message.set_repeat_penalty(value.repeat_penalty);
  message.set_repeat_last_n(value.repeat_last_n);
  message.mutable_logit_bias()->insert(value.logit_bias.begin(), value.logit_bias.end());
  if (value.seed) message.set_seed(*value.seed);
}

core::SamplingParams FromWire(const wire::Sampling& message) {
  core::SamplingParams value{.temperature = message.temperature(),
                             .top_k = message.top_k(),
                             .top_p = message.top_p(),
                             .min_p = message.min_p(),
                             .typical_p = message.typical_p(),
                             .frequency_penalty = message.frequency_penalty(),
                             .presence_penalty = message.presence_penalty(),
                             .repeat_penalty = message.repeat_penalty(),
                             .repeat_last_n = message.repeat_last_n(),
                             .logit_bias = {message.logit_bias().begin(), message.logit_bias().end()},
                             .seed = {}};
  if (message.has_seed()) value.seed = message.seed();
  return value;
}

}  // namespace

void ToWire(const core::GenerateRequest& value, base::Time now, wire::GenerateRequest& message) {
  message.set_id(value.id);
  message.set_model(value.model);
  ToWire(value.principal, *message.mutable_principal());
  ToWire(value.prompt, *message.mutable_prompt());
  ToWire(value.sampling, *message.mutable_sampling());
  message.set_format(static_cast<std::int32_t>(value.response_format.kind));
  message.set_format_text(value.response_format.text);
  for (const core::AdapterUse& adapter : value.adapters) {
    wire::Adapter& added = *message.add_adapters();
    added.set_name(adapter.name);
    added.set_scale(adapter.scale);
  }
  if (value.max_tokens) message.set_max_tokens(*value.max_tokens);
  message.set_min_tokens(value.min_tokens);
  message.set_ignore_eos(value.ignore_eos);
  for (const std::string& stop : value.stop) message.add_stop(stop);
  message.set_choices(value.choices);
  message.set_top_logprobs(value.top_logprobs);
  message.set_parse_output(value.parse_output);
  message.set_service_class(static_cast<std::int32_t>(value.service_class));
  SetDeadline(value.deadline, now, message);
  for (const auto& ids : value.produced) ToWire(ids, *message.add_produced());
}

base::Result<core::GenerateRequest> FromWire(const wire::GenerateRequest& message, base::Time now) {
  using Kind = core::ResponseFormat::Kind;
  const auto kind = Enumerator(message.format(), Kind::kText, Kind::kGrammar, "response format");
  if (!kind) return base::Fail(kind.error());
  const auto service_class = Enumerator(message.service_class(), core::ServiceClass::kInteractive,
                                        core::ServiceClass::kBatch, "service class");
  if (!service_class) return base::Fail(service_class.error());
  auto prompt = FromWire(message.prompt());
  if (!prompt) return base::Fail(prompt.error());
  core::GenerateRequest value;
  value.id = message.id();
  value.model = message.model();
  value.principal = FromWire(message.principal());
  value.prompt = std::move(*prompt);
  value.sampling = FromWire(message.sampling());
  value.response_format = {.kind = *kind, .text = message.format_text()};
  for (const wire::Adapter& adapter : message.adapters()) {
    value.adapters.push_back({.name = adapter.name(), .scale = adapter.scale()});
  }
  if (message.has_max_tokens()) value.max_tokens = message.max_tokens();
  value.min_tokens = message.min_tokens();
  value.ignore_eos = message.ignore_eos();
  value.stop.assign(message.stop().begin(), message.stop().end());
  value.choices = message.choices();
  value.top_logprobs = message.top_logprobs();
  value.parse_output = message.parse_output();
  value.service_class = *service_class;
  value.deadline = Deadline(message, now);
  for (const wire::Tokens& ids : message.produced()) value.produced.push_back(FromWire(ids));
  return value;
}

void ToWire(const core::EmbedRequest& value, base::Time now, wire::EmbedRequest& message) {
  message.set_id(value.id);
  message.set_model(value.model);
  ToWire(value.principal, *message.mutable_principal());
  for (const core::Prompt& input : value.inputs) ToWire(input, *message.add_inputs());
  SetDeadline(value.deadline, now, message);
}

base::Result<core::EmbedRequest> FromWire(const wire::EmbedRequest& message, base::Time now) {
  core::EmbedRequest value{.id = message.id(),
                           .model = message.model(),
                           .principal = FromWire(message.principal()),
                           .inputs = {},
                           .deadline = Deadline(message, now)};
  for (const wire::Prompt& input : message.inputs()) {
    auto prompt = FromWire(input);
    if (!prompt) return base::Fail(prompt.error());
    value.inputs.push_back(std::move(*prompt));
  }
  return value;
}

void ToWire(const core::EmbedAnswer& value, wire::EmbedAnswer& message) {
  for (const auto& vector : value.vectors) {
    message.add_vectors()->mutable_values()->Assign(vector.begin(), vector.end());
  }
  message.set_prompt_tokens(value.prompt_tokens);
}

core::EmbedAnswer FromWire(const wire::EmbedAnswer& message) {
  core::EmbedAnswer value{.vectors = {}, .prompt_tokens = message.prompt_tokens()};
  for (const wire::Vector& vector : message.vectors()) {
    value.vectors.emplace_back(vector.values().begin(), vector.values().end());
  }
  return value;
}

void ToWire(const core::RankRequest& value, base::Time now, wire::RankRequest& message) {
  message.set_id(value.id);
  message.set_model(value.model);
  ToWire(value.principal, *message.mutable_principal());
  message.set_query(value.query);
  message.mutable_documents()->Assign(value.documents.begin(), value.documents.end());
  SetDeadline(value.deadline, now, message);
}

core::RankRequest FromWire(const wire::RankRequest& message, base::Time now) {
  return {.id = message.id(),
          .model = message.model(),
          .principal = FromWire(message.principal()),
          .query = message.query(),
          .documents = {message.documents().begin(), message.documents().end()},
          .deadline = Deadline(message, now)};
}

void ToWire(const core::RankAnswer& value, wire::RankAnswer& message) {
  message.mutable_scores()->Assign(value.scores.begin(), value.scores.end());
  message.set_prompt_tokens(value.prompt_tokens);
}

core::RankAnswer FromWire(const wire::RankAnswer& message) {
  return {.scores = {message.scores().begin(), message.scores().end()},
          .prompt_tokens = message.prompt_tokens()};
}

}  // namespace lares::worker
