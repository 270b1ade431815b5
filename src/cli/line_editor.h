// SPDX-License-Identifier: Apache-2.0
//
// Lines typed at a terminal: editing, history (kept in a file), pastes of many lines as one, UTF-8. Over
// libedit. One at a time in a process.
#pragma once

#include <memory>
#include <string>

#include "cli/line_source.h"

namespace lares::cli {

class LineEditor final : public LineSource {
 public:
  struct Options {
    std::string history_file;  // empty: none is kept
    bool colours = true;
  };
  explicit LineEditor(Options options);
  ~LineEditor() override;

  // Ctrl-C empties the line (kInterrupted); Ctrl-D on an empty one ends.
  Line Read(bool more) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lares::cli
