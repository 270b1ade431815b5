// SPDX-License-Identifier: Apache-2.0
#include "http/openai/chat_request.h"

#include <utility>

#include "http/openai/message_fields.h"
#include "http/openai/tool_fields.h"

namespace lares::http::openai {
namespace {

void ReadLogprobs(Fields& body, core::GenerateRequest& request) {
  if (!body.Has("logprobs") && !body.Has("top_logprobs")) return ReadProbabilityCount(body, request);
  const bool wanted = body.Bool("logprobs").value_or(false);
  const auto top = body.Integer("top_logprobs", 0, core::kMaxTopLogprobs);
  if (wanted) request.top_logprobs = static_cast<std::int32_t>(top.value_or(0));
  if (!wanted && top.value_or(0) > 0) body.Fail("top_logprobs", "'top_logprobs' needs 'logprobs': true");
}

}  // namespace

core::ChatPrompt ReadChatPrompt(Fields& body) {
  core::ChatPrompt chat;
  chat.messages = ReadMessages(body);
  ReadTools(body, chat);
  if (const Json* arguments = body.Object("chat_template_kwargs"))
    chat.template_arguments = arguments->dump();
  return chat;
}

base::Result<ChatRequest> ParseChatRequest(std::string_view body) {
  const auto json = ParseJsonObject(body);
  if (!json) return base::Fail(json.error());
  base::Status status;
  Fields fields(*json, "", status);
  ChatRequest chat;
  chat.request.prompt = ReadChatPrompt(fields);
  ReadCommon(fields, chat.request, chat.answer);
  ReadLogprobs(fields, chat.request);
  if (!status) return base::Fail(std::move(status.error()));
  return chat;
}

}  // namespace lares::http::openai
