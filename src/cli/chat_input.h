// SPDX-License-Identifier: Apache-2.0
//
// What a person means by what was typed: a question, or a command of the chat. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/line_source.h"

namespace lares::cli {

struct ChatInput {
  enum class Kind { kQuestion, kSystem, kClear, kSave, kHelp, kExit, kUnknown, kNothing };
  Kind kind = Kind::kNothing;
  std::string text;  // the question, the argument, or the unknown command
};

// One complete input. "//word" is a question that begins with "/word".
ChatInput ParseChatInput(std::string_view text);

// Reads lines until an input is complete: a line that begins with """ goes on until one that ends with """;
// a backslash at the end goes on with the next line. kInterrupted drops what was begun.
LineSource::Line ReadInput(LineSource& lines);

// What /help says.
std::string_view ChatHelp();

}  // namespace lares::cli
