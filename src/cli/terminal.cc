// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <cstdlib>

#include <unistd.h>

namespace lares::cli {
namespace {

bool IsSet(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool IsDumb() {
  const char* value = std::getenv("TERM");
  return value == nullptr || std::string_view(value) == "dumb";
}

}  // namespace

Terminal Terminal::OfThisProcess() {
  Terminal terminal;
  terminal.input = ::isatty(STDIN_FILENO) == 1;
  terminal.output = ::isatty(STDOUT_FILENO) == 1;
  terminal.errors = ::isatty(STDERR_FILENO) == 1;
  terminal.colours = terminal.output && !IsDumb() && !IsSet("NO_COLOR");
  return terminal;
}

std::string ForTerminal(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
    // U+0080 to U+009F are control characters too, in two bytes.
    const bool c1 = c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) ++i;
    if (!control && !c1) shown += text[i];
  }
  return shown;
}

}  // namespace lares::cli
