// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

namespace lares::base {
namespace {

struct Form {
  std::size_t length;       // 0: not a lead byte
  unsigned char low, high;  // allowed range of the second byte (Unicode 15, table 3-7)
};

Form FormOf(unsigned char lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead >= 0xC2 && lead <= 0xDF) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead >= 0xF1 && lead <= 0xF3) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// How many bytes from `at` form a valid, possibly cut-off, beginning of one character; `whole` tells which.
std::size_t ValidBytes(std::string_view text, std::size_t at, bool& whole) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const Form form = FormOf(byte(at));
  whole = false;
  if (form.length == 0) return 0;
  std::size_t n = 1;
  while (n < form.length && at + n < text.size()) {
    const unsigned char low = n == 1 ? form.low : 0x80, high = n == 1 ? form.high : 0xBF;
    if (byte(at + n) < low || byte(at + n) > high) break;
    ++n;
  }
  whole = n == form.length;
  return n;
}

}  // namespace

std::size_t FindInvalidUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    bool whole = false;
    const std::size_t n = ValidBytes(text, i, whole);
    if (!whole) return i;
    i += n;
  }
  return std::string_view::npos;
}

std::size_t IncompleteUtf8Tail(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const std::size_t at = text.size() - back;
    const auto lead = static_cast<unsigned char>(text[at]);
    if ((lead & 0xC0) == 0x80) continue;  // a continuation byte: look further back for its lead
    bool whole = false;
    const std::size_t n = ValidBytes(text, at, whole);
    return !whole && n == back ? back : 0;
  }
  return 0;
}

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    bool whole = false;
    const std::size_t n = ValidBytes(text, i, whole);
    if (whole) {
      out.append(text.substr(i, n));
    } else {
      out += "\xEF\xBF\xBD";
    }
    i += n == 0 ? 1 : n;
  }
  return out;
}

}  // namespace lares::base
