// SPDX-License-Identifier: Apache-2.0
#include "base/terminal_text.h"

#include <cstddef>

#include "base/utf8.h"

namespace lares::base {

std::string ForTerminal(std::string_view text) {
  const std::string valid = ReplaceInvalidUtf8(text);
  std::string shown;
  shown.reserve(valid.size());
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const auto c = static_cast<unsigned char>(valid[i]);
    const bool control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
    // U+0080 to U+009F are control characters too, in two bytes.
    const bool c1 = c == 0xC2 && static_cast<unsigned char>(valid[i + 1]) < 0xA0;
    if (c1) ++i;
    if (!control && !c1) shown += valid[i];
  }
  return shown;
}

}  // namespace lares::base
