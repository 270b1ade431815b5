// SPDX-License-Identifier: Apache-2.0
//
// What a model is asked, before the engine renders it. Plain values that can be serialised; JSON documents
// (schemas, template arguments) travel as text, because only the engine's adapter reads them.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace lares::core {

using TokenId = std::int32_t;

struct TextPart {
  std::string text;
  bool operator==(const TextPart&) const = default;
};

// An image by digest (SHA-256, hex) and bytes; the digest is the identity in caches.
struct ImagePart {
  std::string digest;
  std::string media_type;
  std::string bytes;
  bool operator==(const ImagePart&) const = default;
};

using ContentPart = std::variant<TextPart, ImagePart>;

struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;  // JSON text, as the model or the client wrote it
  bool operator==(const ToolCall&) const = default;
};

struct Message {
  std::string role;  // system, user, assistant, tool
  std::vector<ContentPart> content;
  std::string reasoning;
  std::vector<ToolCall> tool_calls;
  std::string tool_call_id;
  std::string name;
  bool operator==(const Message&) const = default;
};

struct Tool {
  std::string name;
  std::string description;
  std::string parameters;  // JSON schema text; empty: no arguments
  bool operator==(const Tool&) const = default;
};

enum class ToolChoice : std::uint8_t { kAuto, kNone, kRequired, kNamed };

// Rendered by the model's own template.
struct ChatPrompt {
  std::vector<Message> messages;
  std::vector<Tool> tools;
  ToolChoice tool_choice = ToolChoice::kAuto;
  std::string tool_name;  // for kNamed
  bool parallel_tool_calls = true;
  std::string template_arguments;  // JSON object text: chat_template_kwargs; empty: none
  bool operator==(const ChatPrompt&) const = default;
};

// Tokenised as it is.
struct TextPrompt {
  std::string text;
  bool add_special = true;     // the model's BOS, where its vocabulary wants one
  bool parse_special = false;  // "<|im_start|>" as text (false) or as the token (true)
  bool operator==(const TextPrompt&) const = default;
};

// Already tokens.
struct TokenPrompt {
  std::vector<TokenId> tokens;
  bool operator==(const TokenPrompt&) const = default;
};

using Prompt = std::variant<ChatPrompt, TextPrompt, TokenPrompt>;

}  // namespace lares::core
