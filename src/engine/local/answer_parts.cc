// SPDX-License-Identifier: Apache-2.0
#include "engine/local/answer_parts.h"

#include "base/digest.h"

namespace lares::engine {
namespace {

std::string Growth(const std::string& whole, std::size_t& sent) {
  if (whole.size() <= sent) return {};
  std::string part = whole.substr(sent);
  sent = whole.size();
  return part;
}

}  // namespace

void AnswerParts::Grow(const backend::ParsedAnswer& parsed, core::Delta& delta) {
  delta.reasoning += Growth(parsed.reasoning, reasoning_);
  delta.text += Growth(parsed.content, content_);
  for (std::size_t i = 0; i < parsed.tool_calls.size(); ++i) {
    const core::ToolCall& call = parsed.tool_calls[i];
    core::ToolCallDelta part{.index = static_cast<std::int32_t>(i), .id = {}, .name = {}, .arguments = {}};
    if (i == calls_.size()) {
      if (call.name.empty()) return;  // its name is still being written
      calls_.push_back({});
      calls_[i].id = call.id.empty()
                         ? "call_" + base::Sha256Hex(id_seed_ + '/' + std::to_string(i)).substr(0, 24)
                         : call.id;
      part.id = calls_[i].id;
      part.name = call.name;
    }
    part.arguments = Growth(call.arguments, calls_[i].arguments);
    if (!part.id.empty() || !part.arguments.empty()) delta.tool_calls.push_back(std::move(part));
  }
}

}  // namespace lares::engine
