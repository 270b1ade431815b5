// SPDX-License-Identifier: Apache-2.0
#include "cli/chat.h"

#include <cerrno>
#include <cstring>
#include <ostream>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/terminal_text.h"
#include "cli/answer_printer.h"
#include "cli/chat_input.h"

namespace lares::cli {
namespace {

constexpr std::string_view kTooLong = "context_length_exceeded";

// Never replaces a file: the name may be a slip.
base::Status WriteNewFile(const std::string& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return base::Fail(base::Code::kInternal, std::strerror(errno));
  bool written = true;
  while (!text.empty() && written) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    written = n > 0;
    if (written) text.remove_prefix(static_cast<std::size_t>(n));
  }
  const int error = errno;
  ::close(fd);
  if (written) return {};
  return base::Fail(base::Code::kInternal, std::strerror(error));
}

}  // namespace

Chat::Chat(RunOptions options, std::int64_t context, bool colours, Parts parts)
    : options_(std::move(options)),
      context_(context),
      colours_(colours),
      parts_(std::move(parts)),
      conversation_(options_.system) {}

int Chat::Run() {
  Note("/help lists the commands, /exit leaves");
  for (;;) {
    const LineSource::Line line = ReadInput(parts_.lines);
    if (line.kind == LineSource::Kind::kInterrupted) continue;
    if (line.kind == LineSource::Kind::kEnd || !Handle(line.text)) break;
  }
  return 0;
}

bool Chat::Handle(const std::string& text) {
  using Kind = ChatInput::Kind;
  ChatInput input = ParseChatInput(text);
  switch (input.kind) {
    case Kind::kNothing:
      break;
    case Kind::kQuestion:
      Question(std::move(input.text));
      break;
    case Kind::kSystem:
      System(input.text);
      break;
    case Kind::kSave:
      Save(input.text);
      break;
    case Kind::kHelp:
      parts_.out << ChatHelp() << std::flush;
      break;
    case Kind::kExit:
      return false;
    case Kind::kClear:
      conversation_.Clear();
      Note("the conversation is forgotten");
      break;
    case Kind::kUnknown:
      Note("there is no command " + base::ForTerminal(input.text) +
           "; /help lists them. To ask about it, begin with //");
      break;
  }
  return true;
}

void Chat::Question(std::string text) {
  parts_.forget_interrupts();
  conversation_.Ask(std::move(text));
  TellDropped(conversation_.FitInto(context_));
  AnswerPrinter printer(parts_.out, {.terminal = true, .colours = colours_});
  const auto end = AskUntilItFits(printer.Watch());
  printer.Finish();
  if (!end) {
    conversation_.Unask();
    Note(end.error().code() == base::Code::kCancelled ? "stopped" : base::ForTerminal(end.error().message()));
    return;
  }
  conversation_.Answer(printer.text());
  if (end->usage) conversation_.Measured(end->usage->prompt + end->usage->completion);
  TellEnd(*end);
}

// The server's count decides; the estimate before was only there to save a round trip.
base::Result<AnswerEnd> Chat::AskUntilItFits(const AnswerWatch& watch) {
  for (;;) {
    auto end = parts_.answerer.Ask(conversation_.Body(options_, /*stream=*/true), watch);
    if (end || end.error().reason() != kTooLong || !conversation_.DropOldest()) return end;
    TellDropped(1);
  }
}

void Chat::TellEnd(const AnswerEnd& end) {
  if (end.interrupted) return Note("stopped");
  if (end.finish != "length") return;
  const std::int64_t used = end.usage ? end.usage->prompt + end.usage->completion : 0;
  const bool full = context_ > 0 && used >= context_;
  Note(full ? "the answer ends here because the context is full"
            : "the answer ends here because it reached its longest length");
}

void Chat::TellDropped(std::size_t turns) {
  if (turns == 0) return;
  Note(turns == 1
           ? "the oldest question and its answer no longer fit into the context and were dropped"
           : "the " + std::to_string(turns) +
                 " oldest questions and their answers no longer fit into the context and were dropped");
}

void Chat::System(const std::string& text) {
  if (text.empty()) {
    Note(conversation_.system().empty() ? "there are no instructions"
                                        : base::ForTerminal(conversation_.system()));
    return;
  }
  conversation_.SetSystem(text == "-" ? "" : text);
  Note(text == "-" ? "the instructions are removed" : "the instructions count from the next question on");
}

void Chat::Save(const std::string& path) {
  if (path.empty()) return Note("/save needs the name of a file");
  const std::string text = path.ends_with(".json") ? conversation_.AsJson() : conversation_.AsMarkdown();
  const auto written = WriteNewFile(path, text);
  Note(written ? "written to " + path : "cannot write " + path + ": " + written.error().message());
}

void Chat::Note(const std::string& text) {
  parts_.out << (colours_ ? "\033[2m" : "") << "(" << text << ")" << (colours_ ? "\033[0m" : "") << "\n"
             << std::flush;
}

}  // namespace lares::cli
