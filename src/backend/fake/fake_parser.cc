// SPDX-License-Identifier: Apache-2.0
#include "backend/fake/fake_parser.h"

#include <algorithm>
#include <optional>

namespace lares::backend {
namespace {

constexpr std::string_view kThink = "<think>", kEndThink = "</think>";
constexpr std::string_view kCall = "<tool_call>", kEndCall = "</tool_call>";

// How many bytes at the end of `text` may be the beginning of `tag`.
std::size_t Beginning(std::string_view text, std::string_view tag) {
  for (std::size_t n = std::min(text.size(), tag.size() - 1); n > 0; --n) {
    if (text.ends_with(tag.substr(0, n))) return n;
  }
  return 0;
}

std::string_view SkipSpace(std::string_view text) {
  const std::size_t at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? std::string_view{} : text.substr(at);
}

// Takes a JSON string from the front of `text`; nothing when it is not all there. Knows \" and \\ only.
std::optional<std::string> TakeString(std::string_view& text) {
  if (!text.starts_with('"')) return std::nullopt;
  std::string out;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return out;
    }
    if (text[i] == '\\' && ++i == text.size()) break;
    out += text[i];
  }
  return std::nullopt;
}

// The length of the JSON object at the front of `text`; nothing when its end is not there.
std::optional<std::size_t> ObjectLength(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return std::nullopt;
}

bool Take(std::string_view& text, std::string_view word) {
  text = SkipSpace(text);
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  text = SkipSpace(text);
  return true;
}

// The call as far as it is there; nothing before its name is. Keys in this order only.
std::optional<core::ToolCall> ReadCall(std::string_view body) {
  core::ToolCall call;
  if (!Take(body, "{") || !Take(body, "\"name\"") || !Take(body, ":")) return std::nullopt;
  auto name = TakeString(body);
  if (!name) return std::nullopt;
  call.name = std::move(*name);
  if (!Take(body, ",") || !Take(body, "\"arguments\"") || !Take(body, ":") || !body.starts_with('{'))
    return call;
  call.arguments = body.substr(0, ObjectLength(body).value_or(body.size()));
  return call;
}

// Walks over the text once, tag by tag.
class Reader {
 public:
  Reader(std::string_view text, bool partial, bool tools) : rest_(text), partial_(partial), tools_(tools) {}

  ParsedAnswer Read() {
    while (!rest_.empty()) {
      const std::size_t think = rest_.find(kThink);
      const std::size_t call = tools_ ? rest_.find(kCall) : std::string_view::npos;
      const std::size_t tag = std::min(think, call);
      if (tag == std::string_view::npos) {
        ReadContent();
      } else {
        out_.content += rest_.substr(0, tag);
        rest_.remove_prefix(tag);
        if (tag == think) {
          ReadThought();
        } else {
          ReadToolCall();
        }
      }
    }
    return std::move(out_);
  }

 private:
  void ReadContent() {
    std::size_t held = 0;
    if (partial_) held = std::max(Beginning(rest_, kThink), tools_ ? Beginning(rest_, kCall) : 0);
    out_.content += rest_.substr(0, rest_.size() - held);
    rest_ = {};
  }

  void ReadThought() {
    rest_.remove_prefix(kThink.size());
    const std::size_t end = rest_.find(kEndThink);
    if (end != std::string_view::npos) {
      out_.reasoning += rest_.substr(0, end);
      rest_.remove_prefix(end + kEndThink.size());
      return;
    }
    out_.reasoning += rest_.substr(0, rest_.size() - (partial_ ? Beginning(rest_, kEndThink) : 0));
    rest_ = {};
  }

  void ReadToolCall() {
    const std::size_t end = rest_.find(kEndCall);
    const bool closed = end != std::string_view::npos;
    const std::string_view whole = closed ? rest_.substr(0, end + kEndCall.size()) : rest_;
    const std::string_view body =
        closed ? rest_.substr(kCall.size(), end - kCall.size()) : rest_.substr(kCall.size());
    auto call = ReadCall(body);
    rest_.remove_prefix(whole.size());
    if (call) {
      out_.tool_calls.push_back(std::move(*call));
    } else if (closed || !partial_) {
      out_.content += whole;
    }
  }

  std::string_view rest_;
  const bool partial_, tools_;
  ParsedAnswer out_;
};

}  // namespace

base::Result<ParsedAnswer> FakeParser::Parse(std::string_view text, bool partial) const {
  return Reader(text, partial, tools_).Read();
}

}  // namespace lares::backend
