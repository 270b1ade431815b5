// SPDX-License-Identifier: Apache-2.0
#include "worker/codec_prompt.h"

#include <variant>

#include "worker/codec.h"
#include "worker/enumerator.h"
#include "worker/worker.pb.h"

namespace lares::worker {
namespace {

void ToWire(const core::Message& value, wire::Message& message) {
  message.set_role(value.role);
  for (const core::ContentPart& part : value.content) {
    wire::ContentPart& content = *message.add_content();
    if (const auto* text = std::get_if<core::TextPart>(&part)) {
      content.set_text(text->text);
    } else {
      const auto& image = std::get<core::ImagePart>(part);
      content.mutable_image()->set_digest(image.digest);
      content.mutable_image()->set_media_type(image.media_type);
      content.mutable_image()->set_data(image.bytes);
    }
  }
  message.set_reasoning(value.reasoning);
  for (const core::ToolCall& call : value.tool_calls) {
    wire::ToolCall& added = *message.add_tool_calls();
    added.set_id(call.id);
    added.set_name(call.name);
    added.set_arguments(call.arguments);
  }
  message.set_tool_call_id(value.tool_call_id);
  message.set_name(value.name);
}

core::Message FromWire(const wire::Message& message) {
  core::Message value{.role = message.role(),
                      .content = {},
                      .reasoning = message.reasoning(),
                      .tool_calls = {},
                      .tool_call_id = message.tool_call_id(),
                      .name = message.name()};
  for (const wire::ContentPart& part : message.content()) {
    if (part.has_image()) {
      value.content.emplace_back(core::ImagePart{.digest = part.image().digest(),
                                                 .media_type = part.image().media_type(),
                                                 .bytes = part.image().data()});
    } else {
      value.content.emplace_back(core::TextPart{part.text()});
    }
  }
  for (const wire::ToolCall& call : message.tool_calls()) {
    value.tool_calls.push_back({.id = call.id(), .name = call.name(), .arguments = call.arguments()});
  }
  return value;
}

void ToWire(const core::ChatPrompt& value, wire::ChatPrompt& message) {
  for (const core::Message& each : value.messages) ToWire(each, *message.add_messages());
  for (const core::Tool& tool : value.tools) {
    wire::Tool& added = *message.add_tools();
    added.set_name(tool.name);
    added.set_description(tool.description);
    added.set_parameters(tool.parameters);
  }
  message.set_tool_choice(static_cast<std::int32_t>(value.tool_choice));
  message.set_tool_name(value.tool_name);
  message.set_parallel_tool_calls(value.parallel_tool_calls);
  message.set_template_arguments(value.template_arguments);
}

base::Result<core::ChatPrompt> FromWire(const wire::ChatPrompt& message) {
  const auto choice =
      Enumerator(message.tool_choice(), core::ToolChoice::kAuto, core::ToolChoice::kNamed, "tool choice");
  if (!choice) return base::Fail(choice.error());
  core::ChatPrompt value;
  for (const wire::Message& each : message.messages()) value.messages.push_back(FromWire(each));
  for (const wire::Tool& tool : message.tools()) {
    value.tools.push_back(
        {.name = tool.name(), .description = tool.description(), .parameters = tool.parameters()});
  }
  value.tool_choice = *choice;
  value.tool_name = message.tool_name();
  value.parallel_tool_calls = message.parallel_tool_calls();
  value.template_arguments = message.template_arguments();
  return value;
}

}  // namespace

void ToWire(const core::Principal& value, wire::Principal& message) {
  message.set_id(value.id);
  message.set_tenant(value.tenant);
  message.set_permissions(value.permissions);
}

core::Principal FromWire(const wire::Principal& message) {
  return {.id = message.id(), .tenant = message.tenant(), .permissions = message.permissions()};
}

void ToWire(const core::TextPrompt& value, wire::TextPrompt& message) {
  message.set_text(value.text);
  message.set_add_special(value.add_special);
  message.set_parse_special(value.parse_special);
}

core::TextPrompt FromWire(const wire::TextPrompt& message) {
  return {
      .text = message.text(), .add_special = message.add_special(), .parse_special = message.parse_special()};
}

void ToWire(std::span<const core::TokenId> value, wire::Tokens& message) {
  message.mutable_ids()->Assign(value.begin(), value.end());
}

std::vector<core::TokenId> FromWire(const wire::Tokens& message) {
  return {message.ids().begin(), message.ids().end()};
}

void ToWire(const core::Prompt& value, wire::Prompt& message) {
  if (const auto* chat = std::get_if<core::ChatPrompt>(&value)) {
    ToWire(*chat, *message.mutable_chat());
  } else if (const auto* text = std::get_if<core::TextPrompt>(&value)) {
    ToWire(*text, *message.mutable_text());
  } else {
    ToWire(std::get<core::TokenPrompt>(value).tokens, *message.mutable_tokens());
  }
}

base::Result<core::Prompt> FromWire(const wire::Prompt& message) {
  switch (message.prompt_case()) {
    case wire::Prompt::kChat:
      return FromWire(message.chat());
    case wire::Prompt::kText:
      return FromWire(message.text());
    case wire::Prompt::kTokens:
      return core::TokenPrompt{.tokens = FromWire(message.tokens())};
    case wire::Prompt::PROMPT_NOT_SET:
      break;
  }
  return base::Fail(base::Code::kInvalidArgument, "a message of the worker protocol has no prompt");
}

}  // namespace lares::worker
