// SPDX-License-Identifier: Apache-2.0
//
// Bytes in, whole characters out: a token may end in the middle of a character, a stream must not. Bytes that
// can never become UTF-8 come out as U+FFFD. One per choice; not thread safe. Pure.
#pragma once

#include <string>
#include <string_view>

namespace lares::sampling {

class Utf8Assembler {
 public:
  // What is complete now; at most three bytes stay behind.
  std::string Push(std::string_view bytes);

  // The end: what stayed behind will never be complete and comes out as one U+FFFD.
  std::string Flush();

 private:
  std::string held_;
};

}  // namespace lares::sampling
