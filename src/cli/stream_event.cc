// SPDX-License-Identifier: Apache-2.0
#include "cli/stream_event.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/utf8.h"

namespace lares::cli {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kShownBytes = 300;

// Neither parsing nor destroying recurses in this library (dumping does, so foreign values are never dumped).
Json Parse(std::string_view text) { return Json::parse(text, nullptr, /*allow_exceptions=*/false); }

const Json* Member(const Json& json, const char* key) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}

std::string Text(const Json& json, const char* key) {
  const Json* value = Member(json, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::int64_t Number(const Json& json, const char* key) {
  const Json* value = Member(json, key);
  return value != nullptr && value->is_number_integer() ? value->get<std::int64_t>() : 0;
}

TokenUsage ReadUsage(const Json& json) {
  TokenUsage usage{
      .prompt = Number(json, "prompt_tokens"), .completion = Number(json, "completion_tokens"), .cached = {}};
  const Json* details = Member(json, "prompt_tokens_details");
  if (details != nullptr && Member(*details, "cached_tokens") != nullptr) {
    usage.cached = Number(*details, "cached_tokens");
  }
  return usage;
}

ServerError ReadError(const Json& json) {
  if (json.is_string()) return {.message = json.get<std::string>(), .code = {}};
  ServerError error{.message = Text(json, "message"), .code = Text(json, "code")};
  if (error.message.empty()) error.message = Text(json, "detail");  // FastAPI's shape
  if (error.message.empty()) error.message = "an error without a message";
  return error;
}

void ReadChoice(const Json& choice, StreamEvent& event) {
  for (const char* part : {"delta", "message"}) {
    const Json* message = Member(choice, part);
    if (message == nullptr) continue;
    event.text += Text(*message, "content");
    event.reasoning += Text(*message, "reasoning_content");
    event.reasoning += Text(*message, "reasoning");
  }
  event.text += Text(choice, "text");
  if (const std::string finish = Text(choice, "finish_reason"); !finish.empty()) event.finish = finish;
}

StreamEvent Read(const Json& json) {
  StreamEvent event;
  event.broken = !json.is_object();
  if (const Json* error = Member(json, "error"); error != nullptr && !error->is_null()) {
    event.error = ReadError(*error);
  }
  if (const Json* usage = Member(json, "usage"); usage != nullptr && usage->is_object()) {
    event.usage = ReadUsage(*usage);
  }
  const Json* choices = Member(json, "choices");
  if (choices != nullptr && choices->is_array()) {
    for (const Json& choice : *choices) ReadChoice(choice, event);
  }
  return event;
}

}  // namespace

StreamEvent ParseStreamEvent(std::string_view data) {
  if (data == "[DONE]") {
    StreamEvent event;
    event.done = true;
    return event;
  }
  return Read(Parse(data));
}

StreamEvent ParseWholeAnswer(std::string_view body) { return Read(Parse(body)); }

ServerError ParseErrorBody(std::string_view body) {
  const Json json = Parse(body);
  if (const Json* error = Member(json, "error"); error != nullptr && !error->is_null())
    return ReadError(*error);
  if (json.is_object()) return ReadError(json);
  return {.message = base::ReplaceInvalidUtf8(body.substr(0, kShownBytes)), .code = {}};
}

}  // namespace lares::cli
