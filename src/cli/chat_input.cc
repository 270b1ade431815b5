// SPDX-License-Identifier: Apache-2.0
#include "cli/chat_input.h"

#include <array>
#include <utility>

namespace lares::cli {
namespace {

using Kind = ChatInput::Kind;

constexpr std::string_view kQuotes = "\"\"\"";
constexpr std::string_view kBlank = " \t\r\n";

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

struct Command {
  std::string_view word;
  Kind kind;
};

constexpr std::array kCommands = {
    Command{"/system", Kind::kSystem}, Command{"/clear", Kind::kClear}, Command{"/save", Kind::kSave},
    Command{"/help", Kind::kHelp},     Command{"/?", Kind::kHelp},      Command{"/exit", Kind::kExit},
    Command{"/quit", Kind::kExit},     Command{"/bye", Kind::kExit},
};

LineSource::Line ReadQuoted(LineSource& lines, std::string text) {
  text.erase(0, kQuotes.size());
  while (!std::string_view(text).ends_with(kQuotes)) {
    LineSource::Line line = lines.Read(/*more=*/true);
    if (line.kind != LineSource::Kind::kLine) return line;
    text += "\n" + line.text;
  }
  text.resize(text.size() - kQuotes.size());
  return {.kind = LineSource::Kind::kLine, .text = std::move(text)};
}

}  // namespace

ChatInput ParseChatInput(std::string_view text) {
  text = Trim(text);
  if (text.empty()) return {};
  if (text.starts_with("//")) return {.kind = Kind::kQuestion, .text = std::string(text.substr(1))};
  if (!text.starts_with('/')) return {.kind = Kind::kQuestion, .text = std::string(text)};
  const std::size_t end = text.find_first_of(kBlank);
  const std::string_view word = text.substr(0, end);
  for (const Command& command : kCommands) {
    if (command.word != word) continue;
    return {.kind = command.kind,
            .text = end == std::string_view::npos ? "" : std::string(Trim(text.substr(end)))};
  }
  return {.kind = Kind::kUnknown, .text = std::string(word)};
}

LineSource::Line ReadInput(LineSource& lines) {
  LineSource::Line line = lines.Read(/*more=*/false);
  if (line.kind != LineSource::Kind::kLine) return line;
  if (std::string_view(line.text).starts_with(kQuotes)) return ReadQuoted(lines, std::move(line.text));
  while (line.text.ends_with('\\')) {
    LineSource::Line next = lines.Read(/*more=*/true);
    if (next.kind != LineSource::Kind::kLine) return next;
    line.text.back() = '\n';
    line.text += next.text;
  }
  return line;
}

std::string_view ChatHelp() {
  return R"(/system TEXT   give the model instructions; without TEXT, show them; "/system -" removes them
/clear         forget the conversation
/save FILE     write it down: Markdown, or JSON when FILE ends in .json
/help          this
/exit          leave (or Ctrl-D)

Ctrl-C stops an answer, or empties the line. Pastes keep their line breaks. A line that begins with
""" goes on until one that ends with """; a backslash at the end goes on with the next line.
)";
}

}  // namespace lares::cli
