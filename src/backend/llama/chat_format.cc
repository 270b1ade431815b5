// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/chat_format.h"

#include <exception>
#include <string_view>
#include <utility>
#include <variant>

#include <chat.h>

#include "backend/llama/answer_parser.h"
#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Error;
using base::Fail;
using base::Result;

Result<common_chat_msg> ToMessage(const core::Message& message, std::size_t index) {
  common_chat_msg out;
  out.role = message.role;
  for (std::size_t i = 0; i < message.content.size(); ++i) {
    const auto* text = std::get_if<core::TextPart>(&message.content[i]);
    if (text == nullptr) {
      return Fail(Error(Code::kInvalidArgument, "images are not supported by this model yet")
                      .WithParam(Sentence("messages[", index, "].content[", i, "]")));
    }
    if (message.content.size() == 1) {
      out.content = text->text;
    } else {
      out.content_parts.push_back({.type = "text", .text = text->text});
    }
  }
  out.reasoning_content = message.reasoning;
  out.tool_call_id = message.tool_call_id;
  out.tool_name = message.name;
  for (const core::ToolCall& call : message.tool_calls) {
    out.tool_calls.push_back({.name = call.name, .arguments = call.arguments, .id = call.id});
  }
  return out;
}

class CommonChatFormat final : public ChatFormat {
 public:
  explicit CommonChatFormat(common_chat_templates_ptr templates) : templates_(std::move(templates)) {}

  Result<RenderedChat> Render(const core::ChatPrompt& prompt, const core::ResponseFormat& format,
                              bool parse_output) const override {
    common_chat_templates_inputs inputs;
    inputs.reasoning_format = parse_output ? COMMON_REASONING_FORMAT_AUTO : COMMON_REASONING_FORMAT_NONE;
    inputs.parallel_tool_calls = prompt.parallel_tool_calls;
    for (std::size_t i = 0; i < prompt.messages.size(); ++i) {
      auto message = ToMessage(prompt.messages[i], i);
      if (!message) return Fail(message.error());
      inputs.messages.push_back(std::move(*message));
    }
    if (format.kind == core::ResponseFormat::Kind::kJsonObject) inputs.json_schema = R"({"type":"object"})";
    if (format.kind == core::ResponseFormat::Kind::kJsonSchema) inputs.json_schema = format.text;
    try {
      const common_chat_params params = common_chat_templates_apply(templates_.get(), inputs);
      RenderedChat out;
      out.text = params.prompt;
      out.stop = params.additional_stops;
      if (parse_output) out.parser = MakeAnswerParser(params);
      return out;
    } catch (const std::exception& e) {
      return Fail(
          Error(Code::kInvalidArgument, Sentence("the chat template refuses these messages: ", e.what()))
              .WithParam("messages"));
    }
  }

 private:
  common_chat_templates_ptr templates_;
};

}  // namespace

Result<std::unique_ptr<ChatFormat>> ChatFormat::Make(const llama_model* model,
                                                     const std::string& override_source) {
  try {
    auto templates = common_chat_templates_init(model, override_source);
    if (!common_chat_templates_was_explicit(templates.get())) return std::unique_ptr<ChatFormat>();
    return std::make_unique<CommonChatFormat>(std::move(templates));
  } catch (const std::exception& e) {
    return Fail(Code::kInvalidArgument, Sentence("the chat template does not parse: ", e.what()));
  }
}

}  // namespace lares::backend::llama
