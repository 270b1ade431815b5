// SPDX-License-Identifier: Apache-2.0
#include "http/openai/tool_fields.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/generate_request.h"

namespace lares::http::openai {
namespace {

constexpr std::size_t kMaxToolNameBytes = 128;

// OpenAI's rule for names; they end up in grammars and templates.
bool IsToolName(const std::string& name) {
  return !name.empty() && name.size() <= kMaxToolNameBytes && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

std::optional<core::Tool> ReadTool(const Json& value, std::string path, base::Status& status) {
  Fields tool(value, std::move(path), status);
  if (!value.is_object()) {
    tool.Fail("", "'" + tool.PathOf("") + "' must be an object, not " + TypeWord(value), "invalid_type");
    return std::nullopt;
  }
  if (const auto type = tool.String("type"); type && *type != "function") {
    tool.Fail("type", "tools of type \"" + type->substr(0, 64) + "\" are not supported; there is: function");
  }
  const Json* inner = tool.Object("function");
  if (inner == nullptr) {
    tool.Fail("function", "'" + tool.PathOf("function") + "' is missing", "missing_parameter");
    return std::nullopt;
  }
  Fields function(*inner, tool.PathOf("function"), status);
  core::Tool out;
  out.name = function.String("name").value_or("");
  if (!IsToolName(out.name)) {
    function.Fail("name", "'" + function.PathOf("name") + "' must be 1 to " +
                              std::to_string(kMaxToolNameBytes) + " of letters, digits, - _ and .");
  }
  out.description = function.String("description").value_or("");
  if (const Json* parameters = function.Object("parameters")) out.parameters = parameters->dump();
  return out;
}

// {"type":"function","function":{"name":"f"}}, and OpenAI's Responses form {"type":"function","name":"f"}.
std::string NamedTool(Fields& choice) {
  if (const Json* inner = choice.Object("function")) {
    Fields function(*inner, choice.PathOf("function"), choice.status());
    if (auto name = function.String("name")) return *name;
  }
  if (auto name = choice.String("name")) return *name;
  choice.Fail("function.name", "'" + choice.PathOf("function.name") + "' is missing", "missing_parameter");
  return {};
}

void SetMode(Fields& fields, const char* name, const std::string& mode, core::ChatPrompt& chat) {
  if (mode == "auto") {
    chat.tool_choice = core::ToolChoice::kAuto;
  } else if (mode == "none") {
    chat.tool_choice = core::ToolChoice::kNone;
  } else if (mode == "required" || mode == "any") {
    chat.tool_choice = core::ToolChoice::kRequired;
  } else {
    fields.Fail(name,
                "'" + fields.PathOf(name) + "' must be \"none\", \"auto\", \"required\" or name a function");
  }
}

// {"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}}:
// only the listed tools stay.
void ReadAllowedTools(Fields& choice, core::ChatPrompt& chat) {
  const Json* inner = choice.Object("allowed_tools");
  // Some clients put mode and tools beside the type.
  Fields allowed(inner == nullptr ? *choice.self() : *inner,
                 inner == nullptr ? choice.PathOf("") : choice.PathOf("allowed_tools"), choice.status());
  const Json* tools = allowed.Array("tools");
  if (tools == nullptr)
    return allowed.Fail("tools", "'" + allowed.PathOf("tools") + "' is missing", "missing_parameter");
  std::vector<std::string> names;
  for (std::size_t i = 0; i < tools->size() && choice.ok(); ++i) {
    Fields entry((*tools)[i], allowed.PathOf("tools[" + std::to_string(i) + "]"), choice.status());
    if (!(*tools)[i].is_object()) return entry.Fail("", "a tool must be an object", "invalid_type");
    names.push_back(NamedTool(entry));
    const auto known = [&](const core::Tool& tool) { return tool.name == names.back(); };
    if (std::ranges::none_of(chat.tools, known)) entry.Fail("", "an allowed tool is not in 'tools'");
  }
  std::erase_if(chat.tools,
                [&](const core::Tool& tool) { return std::ranges::find(names, tool.name) == names.end(); });
  SetMode(allowed, "mode", allowed.String("mode").value_or("auto"), chat);
}

void ReadToolChoice(Fields& body, core::ChatPrompt& chat) {
  const Json* value = body.Any("tool_choice");
  if (value == nullptr) return;
  if (value->is_string()) return SetMode(body, "tool_choice", value->get<std::string>(), chat);
  if (!value->is_object()) {
    return body.Fail("tool_choice",
                     "'tool_choice' must be a string or an object, not " + std::string(TypeWord(*value)),
                     "invalid_type");
  }
  Fields choice(*value, "tool_choice", body.status());
  const auto type = choice.String("type").value_or("function");
  if (type == "function") {
    chat.tool_name = NamedTool(choice);
    chat.tool_choice = core::ToolChoice::kNamed;
  } else if (type == "allowed_tools") {
    ReadAllowedTools(choice, chat);
  } else {
    SetMode(choice, "type", type, chat);  // {"type":"auto"}
  }
}

}  // namespace

void ReadTools(Fields& body, core::ChatPrompt& chat) {
  if (const Json* tools = body.Array("tools")) {
    if (tools->size() > core::kMaxTools) {
      return body.Fail("tools", "'tools' may have at most " + std::to_string(core::kMaxTools) + " entries");
    }
    for (std::size_t i = 0; i < tools->size() && body.ok(); ++i) {
      auto tool = ReadTool((*tools)[i], "tools[" + std::to_string(i) + "]", body.status());
      if (tool) chat.tools.push_back(std::move(*tool));
    }
  }
  ReadToolChoice(body, chat);
  chat.parallel_tool_calls = body.Bool("parallel_tool_calls").value_or(true);
}

}  // namespace lares::http::openai
