// SPDX-License-Identifier: Apache-2.0
#include "app/help_formatter.h"

#include <algorithm>

namespace lares::app {

std::string HelpEntry(std::string_view left, std::string_view right) {
  std::string text = "  " + std::string(left);
  // A name that is too long gets a line of its own.
  if (text.size() + 2 > kHelpColumn) text += "\n";
  std::size_t column = text.ends_with('\n') ? 0 : text.size();
  bool first = true;
  while (!right.empty()) {
    const std::size_t space = right.find(' ');
    const std::string_view word = right.substr(0, space);
    if (!first && column + 1 + word.size() > kHelpWidth) {
      text += "\n";
      column = 0;
      first = true;
    }
    const std::size_t indent = first ? kHelpColumn - std::min(column, kHelpColumn) : 1;
    text.append(indent, ' ').append(word);
    column += indent + word.size();
    first = false;
    right = space == std::string_view::npos ? std::string_view{} : right.substr(space + 1);
  }
  return text + "\n";
}

}  // namespace lares::app
