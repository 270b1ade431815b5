// SPDX-License-Identifier: Apache-2.0
#include <utility>
#include <variant>
#include <vector>

#include "base/id.h"
#include "http/api/generate_job.h"
#include "http/api/handlers.h"
#include "http/openai/completion_answer.h"
#include "http/openai/completion_request.h"

namespace lares::http::api {
namespace {

// With `echo`, each choice's text begins with its prompt: one text per prompt.
std::vector<std::string> EchoTexts(const openai::CompletionRequest& completion) {
  std::vector<std::string> texts;
  if (!completion.echo) return texts;
  for (const core::GenerateRequest& request : completion.requests) {
    const auto* prompt = std::get_if<core::TextPrompt>(&request.prompt);
    texts.push_back(prompt == nullptr ? "" : prompt->text);
  }
  return texts;
}

class CompletionStyle final : public AnswerStyle {
 public:
  CompletionStyle(openai::AnswerOptions options, int top_logprobs, std::size_t choices,
                  std::vector<std::string> echo)
      : options_(options), top_logprobs_(top_logprobs), count_(choices), echo_(std::move(echo)) {}

  const char* PromptField() const override { return "prompt"; }
  void SetHead(openai::AnswerHead head) override {
    head_ = head;
    chunks_.emplace(std::move(head), options_, top_logprobs_, count_);
  }
  void AppendBegin(std::string& out, std::int32_t choice) override {
    if (echo_.empty()) return;
    core::Delta prompt;
    prompt.choice = choice;
    prompt.text = EchoOf(static_cast<std::size_t>(choice));
    chunks_->AppendDelta(out, prompt, {});
  }
  void AppendDelta(std::string& out, const core::Delta& delta, const core::Usage& so_far) override {
    chunks_->AppendDelta(out, delta, so_far);
  }
  void AppendUsage(std::string& out, const core::Usage& usage) override { chunks_->AppendUsage(out, usage); }
  std::string Whole(std::span<const openai::ChoiceText> choices, const core::Usage& usage) override {
    if (echo_.empty()) return openai::CompletionAnswer(head_, choices, usage, top_logprobs_, options_);
    std::vector<openai::ChoiceText> told(choices.begin(), choices.end());
    for (std::size_t i = 0; i < told.size(); ++i) told[i].text.insert(0, EchoOf(i));
    return openai::CompletionAnswer(head_, told, usage, top_logprobs_, options_);
  }

 private:
  const std::string& EchoOf(std::size_t choice) const { return echo_[choice * echo_.size() / count_]; }

  const openai::AnswerOptions options_;
  const int top_logprobs_;
  const std::size_t count_;              // of choices: as many for each prompt
  const std::vector<std::string> echo_;  // per prompt; empty without echo
  openai::AnswerHead head_;
  std::optional<openai::CompletionChunks> chunks_;
};

void StartCompletion(Api& api, const std::shared_ptr<Exchange>& exchange,
                     openai::CompletionRequest completion) {
  const core::GenerateRequest& first = completion.requests.front();
  const std::size_t choices = completion.requests.size() * static_cast<std::size_t>(first.choices);
  auto style = std::make_unique<CompletionStyle>(completion.answer, first.top_logprobs, choices,
                                                 EchoTexts(completion));
  const auto job = std::make_shared<GenerateJob>(api, exchange, std::move(style), completion.answer.stream);
  job->Start(service::operations::kComplete, base::RandomId("cmpl-"), std::move(completion.requests));
}

}  // namespace

void HandleCompletion(Api& api, std::shared_ptr<Exchange> exchange) {
  ReadBody(api, exchange, openai::ParseCompletionRequest,
           [&api, exchange](openai::CompletionRequest completion) {
             StartCompletion(api, exchange, std::move(completion));
           });
}

}  // namespace lares::http::api
