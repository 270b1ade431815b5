// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <cstdlib>
#include <string_view>

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

}  // namespace lares::cli
