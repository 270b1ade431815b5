// SPDX-License-Identifier: Apache-2.0
//
// Puts a message together from words and numbers: Sentence("slot ", 3, " is not empty"). (g++ 12 has no
// std::format.) Pure.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace lares::backend::llama {

inline void AppendWord(std::string& out, std::string_view word) { out += word; }
template <std::integral T>
  requires(!std::same_as<T, char>)
void AppendWord(std::string& out, T number) {
  out += std::to_string(number);
}

template <class... Parts>
std::string Sentence(const Parts&... parts) {
  std::string out;
  (AppendWord(out, parts), ...);
  return out;
}

}  // namespace lares::backend::llama
