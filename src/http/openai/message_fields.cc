// SPDX-License-Identifier: Apache-2.0
#include "http/openai/message_fields.h"

#include <optional>
#include <string>
#include <utility>

#include "core/generate_request.h"
#include "http/openai/data_url.h"

namespace lares::http::openai {
namespace {

std::optional<core::ContentPart> ReadImage(Fields& part) {
  const Json* image = part.Object("image_url");
  if (image == nullptr) {
    part.Fail("image_url", "'" + part.PathOf("image_url") + "' is missing", "missing_parameter");
    return std::nullopt;
  }
  Fields fields(*image, part.PathOf("image_url"), part.status());
  const auto url = fields.String("url");
  if (!url) {
    fields.Fail("url", "'" + fields.PathOf("url") + "' is missing", "missing_parameter");
    return std::nullopt;
  }
  auto data = DecodeDataUrl(*url);
  if (!data) {
    fields.Fail("url", data.error().message());
    return std::nullopt;
  }
  return core::ImagePart{.digest = std::move(data->digest),
                         .media_type = std::move(data->media_type),
                         .bytes = std::move(data->bytes)};
}

std::optional<core::ContentPart> ReadPart(const Json& value, const std::string& path, base::Status& status) {
  Fields self(value, path, status);
  if (!value.is_object()) {
    self.Fail("", "'" + path + "' must be an object, not " + TypeWord(value), "invalid_type");
    return std::nullopt;
  }
  const auto type = self.String("type");
  // Several clients leave the type of text out.
  if ((!type && self.Has("text")) || type == "text" || type == "input_text" || type == "refusal") {
    const char* name = type == "refusal" ? "refusal" : "text";
    auto text = self.String(name);
    if (text) return core::TextPart{std::move(*text)};
    self.Fail(name, "'" + self.PathOf(name) + "' is missing", "missing_parameter");
    return std::nullopt;
  }
  if (type == "image_url") return ReadImage(self);
  self.Fail("type", type ? "content of type \"" + type->substr(0, 64) +
                               "\" is not taken; there is: text, image_url, refusal"
                         : "'" + self.PathOf("type") + "' is missing");
  return std::nullopt;
}

void ReadContent(Fields& fields, core::Message& message) {
  const Json* content = fields.Any("content");
  if (content == nullptr) return;
  if (content->is_string()) {
    message.content.push_back(core::TextPart{content->get<std::string>()});
    return;
  }
  if (!content->is_array()) {
    fields.Fail("content",
                "'" + fields.PathOf("content") + "' must be a string or an array of parts, not " +
                    std::string(TypeWord(*content)),
                "invalid_type");
    return;
  }
  for (std::size_t i = 0; i < content->size() && fields.ok(); ++i) {
    auto part = ReadPart((*content)[i], fields.PathOf("content[" + std::to_string(i) + "]"), fields.status());
    if (part) message.content.push_back(std::move(*part));
  }
}

// OpenAI's form is JSON text; some clients send the object itself.
std::optional<std::string> ReadArguments(Fields& function) {
  const Json* arguments = function.Any("arguments");
  if (arguments == nullptr) return "";
  if (arguments->is_string()) return arguments->get<std::string>();
  if (arguments->is_object()) return arguments->dump();
  function.Fail("arguments",
                "'" + function.PathOf("arguments") + "' must be a string, not " + TypeWord(*arguments),
                "invalid_type");
  return std::nullopt;
}

void ReadToolCalls(Fields& fields, core::Message& message) {
  const Json* calls = fields.Array("tool_calls");
  if (calls == nullptr) return;
  if (calls->size() > core::kMaxTools) {
    fields.Fail("tool_calls", "at most " + std::to_string(core::kMaxTools) + " tool calls in one message");
    return;
  }
  for (std::size_t i = 0; i < calls->size() && fields.ok(); ++i) {
    const Json& value = (*calls)[i];
    Fields call(value, fields.PathOf("tool_calls[" + std::to_string(i) + "]"), fields.status());
    const Json* inner = value.is_object() ? call.Object("function") : nullptr;
    if (inner == nullptr) {
      call.Fail("function", "'" + call.PathOf("function") + "' is missing", "missing_parameter");
      return;
    }
    Fields function(*inner, call.PathOf("function"), fields.status());
    core::ToolCall out;
    out.id = call.String("id").value_or("");
    const auto name = function.String("name");
    if (!name) function.Fail("name", "'" + function.PathOf("name") + "' is missing", "missing_parameter");
    out.name = name.value_or("");
    out.arguments = ReadArguments(function).value_or("");
    message.tool_calls.push_back(std::move(out));
  }
}

std::string RoleOf(Fields& fields) {
  const auto role = fields.String("role");
  if (!role) {
    fields.Fail("role", "'" + fields.PathOf("role") + "' is missing", "missing_parameter");
    return {};
  }
  if (*role == "developer") return "system";  // the newer word for the same thing
  if (*role == "function") return "tool";
  for (const char* known : {"system", "user", "assistant", "tool"}) {
    if (*role == known) return *role;
  }
  fields.Fail("role", "unknown role \"" + role->substr(0, 64) +
                          "\"; there is: system, developer, user, assistant, tool");
  return {};
}

core::Message ReadMessage(const Json& value, std::string path, base::Status& status) {
  core::Message message;
  Fields fields(value, std::move(path), status);
  if (!value.is_object()) {
    fields.Fail("", "'" + fields.PathOf("") + "' must be an object, not " + TypeWord(value), "invalid_type");
    return message;
  }
  message.role = RoleOf(fields);
  ReadContent(fields, message);
  message.name = fields.String("name").value_or("");
  message.tool_call_id = fields.String("tool_call_id").value_or("");
  message.reasoning = fields.String("reasoning_content").value_or("");
  if (message.reasoning.empty()) message.reasoning = fields.String("reasoning").value_or("");
  if (message.role == "assistant") {
    ReadToolCalls(fields, message);
    if (auto refusal = fields.String("refusal"); refusal && message.content.empty()) {
      message.content.push_back(core::TextPart{std::move(*refusal)});
    }
  } else if (!fields.Has("content")) {
    fields.Fail("content", "'" + fields.PathOf("content") + "' is missing", "missing_parameter");
  }
  return message;
}

}  // namespace

std::vector<core::Message> ReadMessages(Fields& body) {
  std::vector<core::Message> messages;
  const Json* list = body.Array("messages");
  if (list == nullptr) {
    body.Fail("messages", "'messages' is missing", "missing_parameter");
    return messages;
  }
  if (list->empty() || list->size() > core::kMaxMessages) {
    body.Fail("messages", "'messages' must have 1 to " + std::to_string(core::kMaxMessages) +
                              " entries, not " + std::to_string(list->size()));
    return messages;
  }
  for (std::size_t i = 0; i < list->size() && body.ok(); ++i) {
    messages.push_back(ReadMessage((*list)[i], "messages[" + std::to_string(i) + "]", body.status()));
  }
  return messages;
}

}  // namespace lares::http::openai
