// SPDX-License-Identifier: Apache-2.0
//
// A conversation at a terminal.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "cli/answerer.h"
#include "cli/conversation.h"
#include "cli/line_source.h"
#include "cli/run_options.h"

namespace lares::cli {

class Chat {
 public:
  struct Parts {
    LineSource& lines;
    Answerer& answerer;
    std::ostream& out;
    // Called before each question, so that an interrupt of the past does not stop the next answer.
    std::function<void()> forget_interrupts;
  };
  // `context`: tokens of the model, 0 when unknown.
  Chat(RunOptions options, std::int64_t context, bool colours, Parts parts);

  // Until the user leaves. Answers the exit code.
  int Run();

 private:
  bool Handle(const std::string& text);
  void Question(std::string text);
  base::Result<AnswerEnd> AskUntilItFits(const AnswerWatch& watch);
  void TellEnd(const AnswerEnd& end);
  void TellDropped(std::size_t turns);
  void System(const std::string& text);
  void Save(const std::string& path);
  void Note(const std::string& text);

  const RunOptions options_;
  const std::int64_t context_;
  const bool colours_;
  Parts parts_;
  Conversation conversation_;
};

}  // namespace lares::cli
