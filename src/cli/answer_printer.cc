// SPDX-License-Identifier: Apache-2.0
#include "cli/answer_printer.h"

#include <array>
#include <ostream>
#include <utility>

#include "base/terminal_text.h"

namespace lares::cli {
namespace {

constexpr std::array<std::string_view, 4> kSigns = {".  ", ".. ", "...", "   "};
constexpr unsigned kQuietTicks = 3;  // no sign for answers that come at once
constexpr unsigned kTicksPerSign = 3;
constexpr std::size_t kMostOfAReason = 70;  // in one line

}  // namespace

AnswerWatch AnswerPrinter::Watch() {
  return {
      .on_text = [this](std::string_view piece) { Text(piece); },
      .on_reasoning = [this](std::string_view piece) { Reasoning(piece); },
      .on_waiting = [this](std::string_view why) { Waiting(why); },
      .on_note = [this](std::string_view note) { Note(note); },
  };
}

void AnswerPrinter::Text(std::string_view piece) {
  ClearSign();
  EndReasoning();
  text_.append(piece);
  const std::string shown = style_.terminal ? base::ForTerminal(piece) : std::string(piece);
  if (shown.empty()) return;
  out_ << shown << std::flush;
  last_ = shown.back();
}

// Thoughts are no part of the answer: on a terminal they can be watched, in a pipe they would be in the way.
void AnswerPrinter::Reasoning(std::string_view piece) {
  if (!style_.terminal) return;
  ClearSign();
  if (!in_reasoning_ && style_.colours) out_ << "\033[2m";
  in_reasoning_ = true;
  const std::string shown = base::ForTerminal(piece);
  out_ << shown << std::flush;
  if (!shown.empty()) last_ = shown.back();
}

void AnswerPrinter::EndReasoning() {
  if (!in_reasoning_) return;
  in_reasoning_ = false;
  if (style_.colours) out_ << "\033[0m";
  out_ << (last_ == '\n' ? "\n" : "\n\n");
  last_ = '\n';
}

void AnswerPrinter::Waiting(std::string_view why) {
  if (!style_.terminal) return;
  const unsigned tick = signs_++;
  if (tick < kQuietTicks || tick % kTicksPerSign != 0) return;
  std::string sign = base::ForTerminal(why.substr(0, kMostOfAReason));
  if (!sign.empty()) sign += ' ';
  sign += kSigns[(tick / kTicksPerSign) % kSigns.size()];
  ClearSign();
  out_ << "\r" << sign << std::flush;
  sign_width_ = sign.size();
}

void AnswerPrinter::ClearSign() {
  if (sign_width_ == 0) return;
  out_ << "\r" << std::string(std::exchange(sign_width_, 0), ' ') << "\r";
}

void AnswerPrinter::Note(std::string_view note) {
  if (!style_.terminal) return;
  ClearSign();
  out_ << "(" << base::ForTerminal(note) << "; waiting)\n" << std::flush;
}

void AnswerPrinter::Finish() {
  ClearSign();
  EndReasoning();
  if (last_ != '\n') out_ << "\n";
  out_ << std::flush;
  last_ = '\n';
}

}  // namespace lares::cli
