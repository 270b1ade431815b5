// SPDX-License-Identifier: Apache-2.0
#include "service/request_log.h"

#include <algorithm>
#include <utility>

namespace lares::service {
namespace {

// With log_content a single request must not fill the disk.
constexpr std::size_t kMaxContentBytes = 64 * 1024;

void AppendBounded(std::string& to, std::string_view text) {
  if (to.size() < kMaxContentBytes) to.append(text.substr(0, kMaxContentBytes - to.size()));
}

std::string_view OrDash(const std::string& text) { return text.empty() ? std::string_view("-") : text; }

}  // namespace

void RequestLog::Write(const RequestRecord& r) {
  const base::LogLevel level = r.quiet ? base::LogLevel::kDebug : base::LogLevel::kInfo;
  if (!logger_.Enabled(level)) return;
  const auto tokens = [](std::int32_t n) { return static_cast<std::int64_t>(n); };
  logger_.Write(level, "request",
                {{"id", OrDash(r.id)},
                 {"route", OrDash(r.route)},
                 {"status", static_cast<std::int64_t>(r.status)},
                 {"model", OrDash(r.model)},
                 {"tenant", OrDash(r.principal.tenant)},
                 {"key", OrDash(r.principal.id)},
                 {"peer", OrDash(r.peer)},
                 {"prompt_tokens", tokens(r.usage.prompt_tokens)},
                 {"cached_tokens", tokens(r.usage.cached_tokens)},
                 {"completion_tokens", tokens(r.usage.completion_tokens)},
                 {"queue_ms", base::Milliseconds(r.timings.queued)},
                 {"ttft_ms", base::Milliseconds(r.timings.first_token)},
                 {"itl_p99_ms", base::Milliseconds(r.timings.p99_gap)},
                 {"total_ms", base::Milliseconds(r.total)},
                 {"continuations", tokens(r.timings.continuations)},
                 {"finish", OrDash(r.finish)},
                 {"error", OrDash(r.error)}});
  if (log_content_ && (!r.prompt.empty() || !r.answer.empty())) {
    logger_.Write(base::LogLevel::kInfo, "content",
                  {{"id", OrDash(r.id)}, {"prompt", r.prompt}, {"answer", r.answer}});
  }
}

Call::Call(RequestLog& log, const base::Clock& clock, RequestRecord start)
    : log_(log), clock_(clock), arrived_(clock.Now()), id_(start.id), record_(std::move(start)) {}

Call::~Call() {
  record_.total = clock_.Now() - arrived_;
  log_.Write(record_);
}

void Call::SetPrincipal(const core::Principal& principal) {
  const std::lock_guard lock(mutex_);
  record_.principal = principal;
}

void Call::SetModel(const std::string& name) {
  const std::lock_guard lock(mutex_);
  record_.model = name;
}

void Call::SetStatus(int status) {
  const std::lock_guard lock(mutex_);
  record_.status = status;
}

void Call::SetError(const base::Error& error) {
  const std::lock_guard lock(mutex_);
  record_.error = error.reason().empty() ? base::CodeName(error.code()) : error.reason();
}

void Call::Settle(const core::Terminal& terminal, std::string_view finish) {
  if (terminal.error) SetError(*terminal.error);
  const std::lock_guard lock(mutex_);
  record_.finish = finish;
  record_.usage.prompt_tokens += terminal.usage.prompt_tokens;
  record_.usage.cached_tokens += terminal.usage.cached_tokens;
  record_.usage.completion_tokens += terminal.usage.completion_tokens;
  core::Timings& t = record_.timings;
  t.queued = std::max(t.queued, terminal.timings.queued);
  t.first_token = std::max(t.first_token, terminal.timings.first_token);
  t.worst_gap = std::max(t.worst_gap, terminal.timings.worst_gap);
  t.p99_gap = std::max(t.p99_gap, terminal.timings.p99_gap);
  t.preemptions += terminal.timings.preemptions;
  t.continuations += terminal.timings.continuations;
}

void Call::AddPrompt(std::string_view text) {
  if (!log_content()) return;
  const std::lock_guard lock(mutex_);
  AppendBounded(record_.prompt, text);
}

void Call::AddAnswer(std::string_view text) {
  if (!log_content()) return;
  const std::lock_guard lock(mutex_);
  AppendBounded(record_.answer, text);
}

}  // namespace lares::service
