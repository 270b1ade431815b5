// SPDX-License-Identifier: Apache-2.0
//
// One line on standard error that tells how far a run is. Draws over itself; silent where standard error is
// no terminal.
#pragma once

#include <cstdio>
#include <string>

#include "cli/bench/load_loop.h"

namespace lares::cli {

// The line's text. Pure.
std::string ProgressText(const LoadProgress& progress, std::size_t planned);

class ProgressLine {
 public:
  // `planned`: how many requests the run has; 0: it ends by time.
  ProgressLine(bool shown, std::size_t planned) : shown_(shown), planned_(planned) {}
  ~ProgressLine() { Clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void Show(const LoadProgress& progress);
  void Say(const std::string& text);
  void Clear();

 private:
  const bool shown_;
  const std::size_t planned_;
  bool drawn_ = false;
};

}  // namespace lares::cli
