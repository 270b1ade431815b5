// SPDX-License-Identifier: Apache-2.0
#include <utility>
#include <vector>

#include "base/id.h"
#include "http/api/generate_job.h"
#include "http/api/handlers.h"
#include "http/openai/chat_answer.h"
#include "http/openai/chat_request.h"

namespace lares::http::api {
namespace {

class ChatStyle final : public AnswerStyle {
 public:
  ChatStyle(openai::AnswerOptions options, bool logprobs) : options_(options), logprobs_(logprobs) {}

  const char* PromptField() const override { return "messages"; }
  void SetHead(openai::AnswerHead head) override {
    head_ = head;
    chunks_.emplace(std::move(head), options_, logprobs_);
  }
  void AppendBegin(std::string& out, std::int32_t choice) override { chunks_->AppendRole(out, choice); }
  void AppendDelta(std::string& out, const core::Delta& delta, const core::Usage& so_far) override {
    chunks_->AppendDelta(out, delta, so_far);
  }
  void AppendUsage(std::string& out, const core::Usage& usage) override { chunks_->AppendUsage(out, usage); }
  std::string Whole(std::span<const openai::ChoiceText> choices, const core::Usage& usage) override {
    return openai::ChatAnswer(head_, choices, usage, logprobs_, options_);
  }

 private:
  const openai::AnswerOptions options_;
  const bool logprobs_;
  openai::AnswerHead head_;
  std::optional<openai::ChatChunks> chunks_;
};

void StartChat(Api& api, const std::shared_ptr<Exchange>& exchange, openai::ChatRequest chat) {
  const bool logprobs = chat.request.top_logprobs >= 0;
  auto style = std::make_unique<ChatStyle>(chat.answer, logprobs);
  const auto job = std::make_shared<GenerateJob>(api, exchange, std::move(style), chat.answer.stream);
  std::vector<core::GenerateRequest> requests;
  requests.push_back(std::move(chat.request));
  job->Start(service::operations::kChat, base::RandomId("chatcmpl-"), std::move(requests));
}

}  // namespace

void HandleChat(Api& api, std::shared_ptr<Exchange> exchange) {
  ReadBody(api, exchange, openai::ParseChatRequest,
           [&api, exchange](openai::ChatRequest chat) { StartChat(api, exchange, std::move(chat)); });
}

}  // namespace lares::http::api
