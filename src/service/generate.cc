// SPDX-License-Identifier: Apache-2.0
#include "service/generate.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/id.h"

namespace lares::service {
namespace {

// The prompt as a person reads it; for --log-content only.
void LogPrompt(const core::Prompt& prompt, Call& call) {
  if (!call.log_content()) return;
  if (const auto* text = std::get_if<core::TextPrompt>(&prompt)) call.AddPrompt(text->text);
  if (const auto* ids = std::get_if<core::TokenPrompt>(&prompt)) {
    call.AddPrompt("[" + std::to_string(ids->tokens.size()) + " tokens]");
  }
  if (const auto* chat = std::get_if<core::ChatPrompt>(&prompt)) {
    for (const core::Message& message : chat->messages) {
      call.AddPrompt(message.role + ": ");
      for (const core::ContentPart& part : message.content) {
        const auto* text = std::get_if<core::TextPart>(&part);
        call.AddPrompt(text != nullptr ? text->text : "[image]");
      }
      call.AddPrompt("\n");
    }
  }
}

std::string FinishOf(const core::Terminal& terminal, core::FinishReason reason) {
  if (!terminal.error) return FinishWord(reason);
  return terminal.error->code() == base::Code::kCancelled ? "cancelled" : "error";
}

}  // namespace

const char* FinishWord(core::FinishReason reason) {
  switch (reason) {
    case core::FinishReason::kStop:
      return "stop";
    case core::FinishReason::kLength:
      return "length";
    case core::FinishReason::kToolCalls:
      return "tool_calls";
  }
  return "stop";
}

GenerateMetrics::GenerateMetrics(base::Metrics& m, const std::string& model)
    : prompt_tokens(m.AddCounter("lares_prompt_tokens_total", "Prompt tokens of finished requests.",
                                 {{"model", model}})),
      cached_tokens(m.AddCounter("lares_cached_prompt_tokens_total",
                                 "Prompt tokens that came from the prefix cache.", {{"model", model}})),
      completion_tokens(m.AddCounter("lares_completion_tokens_total",
                                     "Generated tokens of finished requests.", {{"model", model}})),
      first_token(m.AddHistogram("lares_time_to_first_token_seconds",
                                 "From a request's submission to its first token.", {{"model", model}},
                                 base::LatencyBuckets())),
      inter_token(m.AddHistogram("lares_inter_token_latency_seconds",
                                 "Between two tokens of one choice as they leave the engine.",
                                 {{"model", model}}, base::LatencyBuckets())),
      queued(m.AddHistogram("lares_queue_time_seconds",
                            "From a request's submission to its first computed row.", {{"model", model}},
                            base::LatencyBuckets())),
      total(m.AddHistogram("lares_request_duration_seconds", "From a request's submission to its end.",
                           {{"model", model}}, base::LatencyBuckets())) {
  for (const char* finish : {"stop", "length", "tool_calls", "cancelled", "error"}) {
    finished[finish] = &m.AddCounter("lares_requests_finished_total", "Requests that ended, by how.",
                                     {{"model", model}, {"finish", finish}});
  }
}

Generator::Generator(const Catalogue& catalogue, Lifecycle& lifecycle, base::Metrics& metrics,
                     const base::Clock& clock, GenerateLimits limits)
    : catalogue_(catalogue), lifecycle_(lifecycle), clock_(clock), limits_(limits) {
  for (const Model& model : catalogue.models()) {
    metrics_[model.spec.name] = std::make_unique<GenerateMetrics>(metrics, model.spec.name);
  }
}

std::shared_ptr<Channel> Generator::Open(std::shared_ptr<engine::EventSink> out) {
  return std::make_shared<Channel>(*this, std::move(out));
}

Channel::Channel(Generator& generator, std::shared_ptr<engine::EventSink> out)
    : generator_(generator), out_(std::move(out)) {}

base::Result<std::string> Channel::Start(const Operation& operation, core::GenerateRequest request,
                                         std::shared_ptr<Call> call) {
  if (auto permitted = Permit(request.principal, operation); !permitted) return base::Fail(permitted.error());
  auto model = generator_.catalogue_.Find(request.model);
  if (!model) return base::Fail(std::move(model.error()));
  std::string name = (*model)->spec.name;
  call->SetModel(name);
  request.model = name;
  if (auto valid = core::Validate(request); !valid) return base::Fail(valid.error());
  // Part of the request from here on, so that a continuation elsewhere draws the same.
  if (!request.sampling.seed) request.sampling.seed = base::RandomSeed();
  // A request that names no length gets what its prompt leaves of the context, which only the engine knows.
  if (const std::int32_t cap = generator_.limits_.max_answer_tokens; cap > 0 && request.max_tokens) {
    request.max_tokens = std::min(*request.max_tokens, cap);
    request.min_tokens = std::min(request.min_tokens, cap);
  }
  if (const base::Duration timeout = generator_.limits_.request_timeout; timeout > base::Duration{}) {
    const base::Time latest = generator_.clock_.Now() + timeout;
    request.deadline = std::min(request.deadline.value_or(latest), latest);
  }
  if (auto entered = generator_.lifecycle_.Enter(); !entered) return base::Fail(entered.error());
  LogPrompt(request.prompt, *call);

  const std::string id = request.id;
  const std::shared_ptr<engine::Engine> engine = (*model)->engine;
  {
    Running running{.call = std::move(call), .engine = engine, .metrics = &generator_.MetricsOf(name)};
    running.last_token.resize(static_cast<std::size_t>(request.choices));
    const std::lock_guard lock(mutex_);
    LARES_CHECK(running_.emplace(id, std::move(running)).second);
  }
  if (auto submitted = engine->Submit(std::move(request), shared_from_this()); !submitted) {
    Forget(id);
    return base::Fail(submitted.error());
  }
  return name;
}

void Channel::Cancel(const std::string& request_id) {
  std::shared_ptr<engine::Engine> engine;
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = running_.find(request_id); it != running_.end()) engine = it->second.engine;
  }
  if (engine) engine->Cancel(request_id);
}

void Channel::Deliver(core::EventBatch batch) {
  std::vector<std::string> ended;
  {
    const std::lock_guard lock(mutex_);
    for (const core::Delta& delta : batch.deltas) Account(delta, batch.made);
    for (const core::Terminal& terminal : batch.terminals) {
      Account(terminal);
      ended.push_back(terminal.request);
    }
  }
  // The transport hears of the end before the accounts let go: whoever waits for idle finds it told.
  out_->Deliver(std::move(batch));
  for (const std::string& id : ended) Forget(id);
}

void Channel::Account(const core::Delta& delta, base::Time made) {
  const auto it = running_.find(delta.request);
  if (it == running_.end()) return;
  Running& running = it->second;
  if (delta.finish) running.finish = *delta.finish;
  if (running.call && running.call->log_content()) running.call->AddAnswer(delta.reasoning + delta.text);
  const auto choice = static_cast<std::size_t>(delta.choice);
  if (delta.ids.empty() || choice >= running.last_token.size()) return;
  base::Time& last = running.last_token[choice];
  if (last != base::Time{}) {
    // Several tokens of one step share its time, so that the mean stays true under speculation.
    const double gap = base::Seconds(made - last) / static_cast<double>(delta.ids.size());
    for (std::size_t i = 0; i < delta.ids.size(); ++i) running.metrics->inter_token.Observe(gap);
  }
  last = made;
}

void Channel::Account(const core::Terminal& terminal) {
  const auto it = running_.find(terminal.request);
  if (it == running_.end()) return;
  Running& running = it->second;
  GenerateMetrics& m = *running.metrics;
  const std::string finish = FinishOf(terminal, running.finish);
  if (running.call) running.call->Settle(terminal, finish);
  m.prompt_tokens.Add(terminal.usage.prompt_tokens);
  m.cached_tokens.Add(terminal.usage.cached_tokens);
  m.completion_tokens.Add(terminal.usage.completion_tokens);
  // What never came so far has no time: a refused request must not look like a fast one.
  if (terminal.timings.first_token > base::Duration{}) {
    m.first_token.Observe(base::Seconds(terminal.timings.first_token));
    m.queued.Observe(base::Seconds(terminal.timings.queued));
  }
  m.total.Observe(base::Seconds(terminal.timings.total));
  m.finished.at(finish)->Add();
  // The transport holds the call until it has told its client: the line is written there, not on this thread.
  running.call.reset();
}

void Channel::Forget(const std::string& request_id) {
  Running gone;  // its parts are released outside the lock
  {
    const std::lock_guard lock(mutex_);
    const auto it = running_.find(request_id);
    if (it == running_.end()) return;
    gone = std::move(it->second);
    running_.erase(it);
  }
  generator_.lifecycle_.Leave();
}

}  // namespace lares::service
