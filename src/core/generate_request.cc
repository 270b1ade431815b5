// SPDX-License-Identifier: Apache-2.0
#include "core/generate_request.h"

namespace lares::core {
namespace {

base::Status Bad(const char* param, std::string message) {
  return base::Fail(base::Error(base::Code::kInvalidArgument, std::move(message)).WithParam(param));
}

base::Status ValidateStop(const std::vector<std::string>& stop) {
  if (stop.size() > kMaxStopStrings) {
    return Bad("stop", "at most " + std::to_string(kMaxStopStrings) + " stop strings, got " +
                           std::to_string(stop.size()));
  }
  for (const std::string& s : stop) {
    if (s.empty() || s.size() > kMaxStopBytes) {
      return Bad("stop", "a stop string has 1 to " + std::to_string(kMaxStopBytes) + " bytes");
    }
  }
  return {};
}

base::Status ValidateChat(const ChatPrompt& chat) {
  if (chat.messages.empty()) return Bad("messages", "messages must not be empty");
  if (chat.messages.size() > kMaxMessages) {
    return Bad("messages", "at most " + std::to_string(kMaxMessages) + " messages");
  }
  if (chat.tools.size() > kMaxTools) return Bad("tools", "at most " + std::to_string(kMaxTools) + " tools");
  if (chat.tool_choice == ToolChoice::kRequired && chat.tools.empty()) {
    return Bad("tool_choice", "tool_choice \"required\" needs at least one tool");
  }
  if (chat.tool_choice == ToolChoice::kNamed) {
    for (const Tool& tool : chat.tools) {
      if (tool.name == chat.tool_name) return {};
    }
    return Bad("tool_choice", "tool_choice names a tool that is not in tools");
  }
  return {};
}

}  // namespace

base::Status Validate(const GenerateRequest& r) {
  if (auto s = Validate(r.sampling); !s) return s;
  if (auto s = ValidateStop(r.stop); !s) return s;
  if (r.choices < 1 || r.choices > kMaxChoices) {
    return Bad("n", "n must be 1 to " + std::to_string(kMaxChoices) + ", got " + std::to_string(r.choices));
  }
  if (r.top_logprobs < -1 || r.top_logprobs > kMaxTopLogprobs) {
    return Bad("top_logprobs", "top_logprobs must be 0 to " + std::to_string(kMaxTopLogprobs));
  }
  if (r.max_tokens && *r.max_tokens < 1) return Bad("max_tokens", "max_tokens must be at least 1");
  if (r.min_tokens < 0) return Bad("min_tokens", "min_tokens must not be negative");
  if (r.max_tokens && r.min_tokens > *r.max_tokens) {
    return Bad("min_tokens", "min_tokens must not be above max_tokens");
  }
  if (const auto* chat = std::get_if<ChatPrompt>(&r.prompt)) return ValidateChat(*chat);
  return {};
}

}  // namespace lares::core
