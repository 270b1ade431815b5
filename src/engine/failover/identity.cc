// SPDX-License-Identifier: Apache-2.0
#include "engine/failover/identity.h"

#include <string_view>
#include <type_traits>
#include <variant>

#include "base/digest.h"

namespace lares::engine {
namespace {

// Each part with its length, so that no two lists of parts give the same bytes.
class Text {
 public:
  void Add(std::string_view part) {
    bytes_ += std::to_string(part.size()) + ':';
    bytes_ += part;
  }
  void Add(std::int64_t number) { Add(std::to_string(number)); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

void Add(Text& text, const core::ContentPart& part) {
  if (const auto* words = std::get_if<core::TextPart>(&part)) text.Add(words->text);
  if (const auto* image = std::get_if<core::ImagePart>(&part)) text.Add(image->digest);
}

void Add(Text& text, const core::Message& message) {
  text.Add(message.role);
  text.Add(static_cast<std::int64_t>(message.content.size()));
  for (const core::ContentPart& part : message.content) Add(text, part);
  text.Add(message.reasoning);
  text.Add(static_cast<std::int64_t>(message.tool_calls.size()));
  for (const core::ToolCall& call : message.tool_calls) {
    for (const std::string* part : {&call.id, &call.name, &call.arguments}) text.Add(*part);
  }
  text.Add(message.tool_call_id);
  text.Add(message.name);
}

void Add(Text& text, const core::ChatPrompt& chat) {
  text.Add(static_cast<std::int64_t>(chat.messages.size()));
  for (const core::Message& message : chat.messages) Add(text, message);
  for (const core::Tool& tool : chat.tools) {
    for (const std::string* part : {&tool.name, &tool.description, &tool.parameters}) text.Add(*part);
  }
  text.Add(static_cast<std::int64_t>(chat.tool_choice));
  text.Add(chat.tool_name);
  text.Add(chat.template_arguments);
}

void Add(Text& text, const core::TextPrompt& prompt) { text.Add(prompt.text); }

void Add(Text& text, const core::TokenPrompt& prompt) {
  for (const core::TokenId id : prompt.tokens) text.Add(id);
}

}  // namespace

std::string IdentityOf(const core::GenerateRequest& request) {
  Text text;
  text.Add(static_cast<std::int64_t>(request.prompt.index()));
  std::visit([&](const auto& prompt) { Add(text, prompt); }, request.prompt);
  text.Add(static_cast<std::int64_t>(request.response_format.kind));
  text.Add(request.response_format.text);
  for (const core::AdapterUse& adapter : request.adapters) {
    text.Add(adapter.name);
    text.Add(std::to_string(adapter.scale));
  }
  for (const std::string& stop : request.stop) text.Add(stop);
  text.Add(request.choices);
  return base::Sha256Hex(text.bytes());
}

}  // namespace lares::engine
