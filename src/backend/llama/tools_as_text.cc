// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/tools_as_text.h"

#include <string>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "backend/llama/sentence.h"

namespace lares::backend::llama {
namespace {

using nlohmann::ordered_json;

std::string Text(const core::Message& message) {
  std::string text;
  for (const core::ContentPart& part : message.content) {
    if (const auto* plain = std::get_if<core::TextPart>(&part))
      text += (text.empty() ? "" : "\n") + plain->text;
  }
  return text;
}

ordered_json ParseOr(const std::string& text, ordered_json fallback) {
  ordered_json parsed = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  return parsed.is_discarded() ? std::move(fallback) : std::move(parsed);
}

std::string CallAsText(const core::ToolCall& call) {
  ordered_json object;
  object["name"] = call.name;
  object["arguments"] = ParseOr(call.arguments, call.arguments);
  return Sentence(kToolCallOpen, "\n", object.dump(-1, ' ', false, ordered_json::error_handler_t::replace),
                  "\n", kToolCallClose);
}

std::string Instructions(const core::ChatPrompt& prompt) {
  std::string text =
      "You can call functions. Each line below describes one, with a JSON schema of its arguments:\n";
  for (const core::Tool& tool : prompt.tools) {
    ordered_json object;
    object["name"] = tool.name;
    object["description"] = tool.description;
    object["parameters"] = ParseOr(tool.parameters, ordered_json::object());
    text += object.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  }
  text += Sentence(
      "To call a function, answer with its name and its arguments as JSON within tags:\n", kToolCallOpen,
      "\n{\"name\": \"function name\", \"arguments\": {\"argument\": \"value\"}}\n", kToolCallClose);
  if (prompt.tool_choice == core::ToolChoice::kAuto)
    text += "\nAnswer without a call when no function helps.";
  return text;
}

core::Message PlainMessage(core::Message message) {
  if (message.role == "tool") {
    return {.role = "user",
            .content = {core::TextPart{Sentence("<tool_response>\n", Text(message), "\n</tool_response>")}}};
  }
  if (message.tool_calls.empty()) return message;
  std::string text = Text(message);
  for (const core::ToolCall& call : message.tool_calls) text += (text.empty() ? "" : "\n") + CallAsText(call);
  message.content = {core::TextPart{std::move(text)}};
  message.tool_calls.clear();
  return message;
}

}  // namespace

core::ChatPrompt WithToolsAsText(core::ChatPrompt prompt) {
  for (core::Message& message : prompt.messages) message = PlainMessage(std::move(message));
  if (prompt.tools.empty() || prompt.tool_choice == core::ToolChoice::kNone) return prompt;
  const std::string instructions = Instructions(prompt);
  const bool has_system = !prompt.messages.empty() &&
                          (prompt.messages[0].role == "system" || prompt.messages[0].role == "developer");
  if (has_system) {
    prompt.messages[0].content = {core::TextPart{Text(prompt.messages[0]) + "\n\n" + instructions}};
  } else {
    prompt.messages.insert(prompt.messages.begin(),
                           core::Message{.role = "system", .content = {core::TextPart{instructions}}});
  }
  return prompt;
}

}  // namespace lares::backend::llama
