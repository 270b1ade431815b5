// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/progress_line.h"

#include "cli/bench/number_text.h"

namespace lares::cli {

std::string ProgressText(const LoadProgress& p, std::size_t planned) {
  const double seconds = base::Seconds(p.elapsed);
  std::string text = NumberText(seconds) + " s: " + std::to_string(p.ended);
  if (planned > 0) text += " of " + std::to_string(planned);
  text += " ended, " + std::to_string(p.running) + " running";
  if (p.not_ok > 0) text += ", " + std::to_string(p.not_ok) + " refused or failed";
  if (seconds > 0) text += ", " + NumberText(static_cast<double>(p.pieces) / seconds) + " pieces/s";
  return text;
}

void ProgressLine::Show(const LoadProgress& progress) { Say(ProgressText(progress, planned_)); }

void ProgressLine::Say(const std::string& text) {
  if (!shown_) return;
  std::fprintf(stderr, "\r%s\033[K", text.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressLine::Clear() {
  if (!drawn_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace lares::cli
