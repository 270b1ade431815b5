// SPDX-License-Identifier: Apache-2.0
//
// Shows an answer as it comes. On a terminal: a sign of life until the first word, reasoning dimmed, control
// characters removed. Elsewhere: the answer's bytes and nothing else.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "cli/answerer.h"

namespace lares::cli {

class AnswerPrinter {
 public:
  struct Style {
    bool terminal = false;
    bool colours = false;
  };
  AnswerPrinter(std::ostream& out, Style style) : out_(out), style_(style) {}

  // Refers to this printer.
  AnswerWatch Watch();
  // Ends the last line.
  void Finish();
  const std::string& text() const { return text_; }

 private:
  void Text(std::string_view piece);
  void Reasoning(std::string_view piece);
  void Waiting(std::string_view why);
  void Note(std::string_view note);
  void ClearSign();
  void EndReasoning();

  std::ostream& out_;
  const Style style_;
  std::string text_;
  char last_ = '\n';
  unsigned signs_ = 0;          // how often the sign of life was drawn
  std::size_t sign_width_ = 0;  // of the one that is shown
  bool in_reasoning_ = false;
};

}  // namespace lares::cli
