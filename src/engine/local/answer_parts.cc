// SPDX-License-Identifier: Apache-2.0
#include "engine/local/answer_parts.h"

#include <algorithm>
#include <string_view>

#include "base/digest.h"
#include "base/utf8.h"

namespace lares::engine {
namespace {

// Bytes that both begin with, whole characters only.
std::size_t CommonPrefix(std::string_view a, std::string_view b) {
  const auto different = std::ranges::mismatch(a, b);
  std::size_t common = static_cast<std::size_t>(different.in1 - a.begin());
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  const auto splits = [&](std::string_view text) { return common < text.size() && continues(text[common]); };
  while (common > 0 && (splits(a) || splits(b))) --common;
  return common;
}

std::string Growth(const std::string& parsed, std::string& sent) {
  const std::string_view whole =
      std::string_view(parsed).substr(0, parsed.size() - base::IncompleteUtf8Tail(parsed));
  const std::size_t common = CommonPrefix(sent, whole);
  if (common == whole.size()) return {};
  sent = whole;
  return std::string(whole.substr(common));
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
