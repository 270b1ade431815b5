// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/tool_text_parser.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "backend/llama/tools_as_text.h"

namespace lares::backend::llama {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view WithoutSpaceInFront(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

std::string_view WithoutSpaceBehind(std::string_view text) {
  const std::size_t last = text.find_last_not_of(kSpace);
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

// How many bytes at the end of `text` may become `word` with what comes next.
std::size_t HeldBack(std::string_view text, std::string_view word) {
  for (std::size_t length = std::min(text.size(), word.size() - 1); length > 0; --length) {
    if (text.ends_with(word.substr(0, length))) return length;
  }
  return 0;
}

// Length of the JSON value at the start of `text`; all of it when it is not complete.
std::size_t ValueLength(std::string_view text, bool& complete) {
  int depth = 0;
  bool in_string = false;
  complete = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth <= 0) {
      complete = true;
      return i + 1;
    }
  }
  return text.size();
}

// {"name": "f", "arguments": {...}} while it grows: the name once it is whole, the arguments as far as they
// are, letter by letter as the model wrote them. Anything in another order is read when it is whole.
std::optional<core::ToolCall> ReadGrowing(std::string_view text) {
  const auto skip = [&](std::string_view word) {
    text = WithoutSpaceInFront(text);
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
  };
  if (!skip("{") || !skip("\"name\"") || !skip(":")) return std::nullopt;
  text = WithoutSpaceInFront(text);
  std::size_t end = 1;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  if (!text.starts_with('"') || end >= text.size()) return std::nullopt;
  const auto name = nlohmann::json::parse(text.substr(0, end + 1), nullptr, /*allow_exceptions=*/false);
  if (!name.is_string()) return std::nullopt;
  text.remove_prefix(end + 1);
  core::ToolCall call{.name = name.get<std::string>()};
  if (!skip(",") || !skip("\"arguments\"") || !skip(":")) return call;
  text = WithoutSpaceInFront(text);
  if (!text.starts_with('{')) return call;
  bool complete = false;
  call.arguments = text.substr(0, ValueLength(text, complete));
  return call;
}

std::optional<core::ToolCall> ReadWhole(std::string_view text) {
  const auto object = nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("name") || !object.at("name").is_string()) return std::nullopt;
  core::ToolCall call{.name = object.at("name").get<std::string>()};
  if (auto grown = ReadGrowing(text); grown && !grown->arguments.empty()) return grown;
  const auto arguments =
      object.contains("arguments") ? object.at("arguments") : nlohmann::ordered_json::object();
  call.arguments = arguments.is_string() ? arguments.get<std::string>() : arguments.dump();
  return call;
}

class ToolTextParser final : public AnswerParser {
 public:
  explicit ToolTextParser(std::shared_ptr<const AnswerParser> content) : content_(std::move(content)) {}

  base::Result<ParsedAnswer> Parse(std::string_view text, bool partial) const override {
    const std::size_t open = text.find(kToolCallOpen);
    std::string_view before = text.substr(0, open);
    if (open == std::string_view::npos) {
      if (partial) before.remove_suffix(HeldBack(before, kToolCallOpen));
    } else {
      before = WithoutSpaceBehind(before);
    }
    auto answer = Content(before, partial);
    if (!answer) return answer;
    while (!text.empty() && text.find(kToolCallOpen) != std::string_view::npos) {
      text.remove_prefix(text.find(kToolCallOpen) + kToolCallOpen.size());
      const std::size_t close = text.find(kToolCallClose);
      ReadCall(text.substr(0, close), partial && close == std::string_view::npos, *answer);
      if (close == std::string_view::npos) break;
      text.remove_prefix(close + kToolCallClose.size());
    }
    return answer;
  }

 private:
  base::Result<ParsedAnswer> Content(std::string_view text, bool partial) const {
    if (content_) return content_->Parse(text, partial);
    return ParsedAnswer{.content = std::string(text)};
  }

  static void ReadCall(std::string_view text, bool growing, ParsedAnswer& answer) {
    auto call = growing ? ReadGrowing(text) : ReadWhole(text);
    // Cut short by a limit: what there is, is still the best reading.
    if (!call && !growing) call = ReadGrowing(text);
    if (call) answer.tool_calls.push_back(std::move(*call));
  }

  std::shared_ptr<const AnswerParser> content_;
};

}  // namespace

std::shared_ptr<const AnswerParser> MakeToolTextParser(std::shared_ptr<const AnswerParser> content) {
  return std::make_shared<ToolTextParser>(std::move(content));
}

}  // namespace lares::backend::llama
