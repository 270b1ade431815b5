// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/chat_inputs.h"

#include <set>
#include <string>
#include <variant>

#include <nlohmann/json.hpp>

#include "backend/llama/answer_grammar.h"
#include "backend/llama/json_text.h"
#include "backend/llama/schema_check.h"
#include "backend/llama/schema_prepare.h"
#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

using base::Code;
using base::Error;
using base::Fail;
using base::Result;
using base::Status;

constexpr std::size_t kMaxArgumentBytes = 1U << 20U;  // of one tool call in the history
constexpr std::size_t kMaxTemplateArguments = 64U << 10U;
constexpr std::size_t kMaxToolBytes = 1U << 20U;  // of all schemas
constexpr const char* kNoArguments = R"({"type":"object","properties":{}})";

std::unexpected<Error> Bad(std::string what, std::string param) {
  return Fail(Error(Code::kInvalidArgument, std::move(what)).WithParam(std::move(param)));
}

Result<common_chat_msg> ToMessage(const core::Message& message, const std::string& where) {
  common_chat_msg out;
  out.role = message.role;
  for (std::size_t i = 0; i < message.content.size(); ++i) {
    const auto* text = std::get_if<core::TextPart>(&message.content[i]);
    if (text == nullptr) {
      return Bad("images are not supported by this model yet", Sentence(where, ".content[", i, "]"));
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
  for (std::size_t i = 0; i < message.tool_calls.size(); ++i) {
    const core::ToolCall& call = message.tool_calls[i];
    if (auto ok = CheckJsonText(call.arguments, kMaxArgumentBytes); !ok) {
      return Bad(Sentence("the arguments: ", ok.error().message()),
                 Sentence(where, ".tool_calls[", i, "].function.arguments"));
    }
    out.tool_calls.push_back({.name = call.name, .arguments = call.arguments, .id = call.id});
  }
  return out;
}

Result<common_chat_tool> ToTool(const core::Tool& tool, const std::string& where) {
  if (tool.parameters.empty()) return common_chat_tool{tool.name, tool.description, kNoArguments};
  const std::string param = where + ".function.parameters";
  if (auto ok = CheckJsonText(tool.parameters, kMaxSchemaBytes); !ok) {
    return Bad(Sentence("the parameters: ", ok.error().message()), param);
  }
  common_chat_tool out{tool.name, tool.description, PrepareSchema(tool.parameters, SchemaRigour::kBounded)};
  if (auto ok = CheckSchema(out.parameters, param, SchemaRigour::kBounded); !ok) return Fail(ok.error());
  return out;
}

Status AddTools(const core::ChatPrompt& prompt, common_chat_templates_inputs& inputs) {
  std::set<std::string> names;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < prompt.tools.size(); ++i) {
    const core::Tool& tool = prompt.tools[i];
    const std::string where = Sentence("tools[", i, "]");
    if (!names.insert(tool.name).second) {
      return Bad(Sentence("two tools are called \"", tool.name, "\""), where + ".function.name");
    }
    bytes += tool.parameters.size() + tool.description.size();
    if (bytes > kMaxToolBytes) return Bad("the tools are too long in all", "tools");
    if (prompt.tool_choice == core::ToolChoice::kNamed && tool.name != prompt.tool_name) continue;
    auto made = ToTool(tool, where);
    if (!made) return Fail(made.error());
    inputs.tools.push_back(std::move(*made));
  }
  return {};
}

Status ChooseTools(const core::ChatPrompt& prompt, common_chat_templates_inputs& inputs) {
  inputs.parallel_tool_calls = prompt.parallel_tool_calls;
  switch (prompt.tool_choice) {
    case core::ToolChoice::kAuto:
      inputs.tool_choice = COMMON_CHAT_TOOL_CHOICE_AUTO;
      return {};
    case core::ToolChoice::kNone:
      inputs.tool_choice = COMMON_CHAT_TOOL_CHOICE_NONE;
      return {};
    case core::ToolChoice::kRequired:
      if (inputs.tools.empty()) return Bad("a tool is required, but there are none", "tool_choice");
      break;
    case core::ToolChoice::kNamed:
      if (inputs.tools.empty()) {
        return Bad(Sentence("there is no tool called \"", prompt.tool_name, "\""), "tool_choice");
      }
      inputs.parallel_tool_calls = false;
      break;
  }
  inputs.tool_choice = COMMON_CHAT_TOOL_CHOICE_REQUIRED;
  return {};
}

Status AddTemplateArguments(const std::string& text, common_chat_templates_inputs& inputs) {
  if (text.empty()) return {};
  const std::string param = "chat_template_kwargs";
  if (auto ok = CheckJsonText(text, kMaxTemplateArguments); !ok)
    return Bad(Sentence(param, ": ", ok.error().message()), param);
  const auto arguments = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!arguments.is_object()) return Bad("chat_template_kwargs must be an object", param);
  for (const auto& [name, value] : arguments.items()) {
    inputs.chat_template_kwargs[name] = value.dump();
    if (name != "enable_thinking") continue;
    if (!value.is_boolean()) return Bad("enable_thinking must be true or false", param + ".enable_thinking");
    inputs.enable_thinking = value.get<bool>();
  }
  return {};
}

// A tool that must be called leaves no room for another format.
Status AddFormat(const core::ResponseFormat& format, common_chat_templates_inputs& inputs) {
  if (!inputs.tools.empty() && inputs.tool_choice == COMMON_CHAT_TOOL_CHOICE_REQUIRED) return {};
  auto schema = AnswerSchema(format);
  if (!schema) return Fail(schema.error());
  inputs.json_schema = std::move(*schema);
  return {};
}

}  // namespace

Result<common_chat_templates_inputs> MakeChatInputs(const core::ChatPrompt& prompt,
                                                    const core::ResponseFormat& format, bool parse_output) {
  common_chat_templates_inputs inputs;
  inputs.reasoning_format = parse_output ? COMMON_REASONING_FORMAT_AUTO : COMMON_REASONING_FORMAT_NONE;
  if (prompt.messages.empty()) return Bad("there are no messages", "messages");
  for (std::size_t i = 0; i < prompt.messages.size(); ++i) {
    auto message = ToMessage(prompt.messages[i], Sentence("messages[", i, "]"));
    if (!message) return Fail(message.error());
    inputs.messages.push_back(std::move(*message));
  }
  if (auto ok = AddTools(prompt, inputs); !ok) return Fail(ok.error());
  if (auto ok = ChooseTools(prompt, inputs); !ok) return Fail(ok.error());
  if (auto ok = AddTemplateArguments(prompt.template_arguments, inputs); !ok) return Fail(ok.error());
  if (auto ok = AddFormat(format, inputs); !ok) return Fail(ok.error());
  return inputs;
}

}  // namespace lares::backend::llama
