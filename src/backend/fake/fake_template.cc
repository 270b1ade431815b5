// SPDX-License-Identifier: Apache-2.0
#include "backend/fake/fake_template.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "backend/fake/fake_vocabulary.h"

namespace lares::backend {
namespace {

using Tokens = std::vector<core::TokenId>;

void AddText(Tokens& out, std::string_view text) {
  const Tokens tokens = FakeVocabulary::Tokenize(text, false, false);
  out.insert(out.end(), tokens.begin(), tokens.end());
}

void AddMessage(Tokens& out, std::string_view role, std::string_view text) {
  out.push_back(FakeVocabulary::kImStart);
  AddText(out, role);
  AddText(out, "\n");
  AddText(out, text);
  out.push_back(FakeVocabulary::kImEnd);
  AddText(out, "\n");
}

std::string DescribeTools(const std::vector<core::Tool>& tools) {
  std::string text = "Tools:";
  for (const core::Tool& tool : tools)
    text += "\n- " + tool.name + ": " + tool.description + " " + tool.parameters;
  return text;
}

base::Status Bad(std::size_t message, const char* field, std::string what) {
  return base::Fail(base::Error(base::Code::kInvalidArgument, std::move(what))
                        .WithParam("messages[" + std::to_string(message) + "]." + field));
}

base::Status CheckMessage(const core::Message& message, std::size_t index) {
  static constexpr std::array<std::string_view, 5> kRoles = {"system", "developer", "user", "assistant",
                                                             "tool"};
  if (std::ranges::find(kRoles, message.role) == kRoles.end()) {
    return Bad(index, "role", "role must be system, developer, user, assistant or tool");
  }
  for (const core::ContentPart& part : message.content) {
    if (std::holds_alternative<core::ImagePart>(part))
      return Bad(index, "content", "this model cannot read images");
  }
  return {};
}

std::string TextOf(const core::Message& message) {
  std::string text;
  if (!message.reasoning.empty()) text += "<think>" + message.reasoning + "</think>";
  for (const core::ContentPart& part : message.content) text += std::get<core::TextPart>(part).text;
  for (const core::ToolCall& call : message.tool_calls) {
    text += R"(<tool_call>{"name":")" + call.name + R"(","arguments":)" + call.arguments + "}</tool_call>";
  }
  return text;
}

}  // namespace

base::Result<Tokens> RenderFakeChat(const core::ChatPrompt& chat) {
  Tokens out;
  if (!chat.tools.empty() && chat.tool_choice != core::ToolChoice::kNone) {
    AddMessage(out, "system", DescribeTools(chat.tools));
  }
  for (std::size_t i = 0; i < chat.messages.size(); ++i) {
    if (auto ok = CheckMessage(chat.messages[i], i); !ok) return base::Fail(ok.error());
    AddMessage(out, chat.messages[i].role, TextOf(chat.messages[i]));
  }
  out.push_back(FakeVocabulary::kImStart);
  AddText(out, "assistant\n");
  return out;
}

}  // namespace lares::backend
