// SPDX-License-Identifier: Apache-2.0
//
// Where a chat gets its lines from. An interface, so that a chat can be tested without a terminal.
#pragma once

#include <string>

namespace lares::cli {

class LineSource {
 public:
  enum class Kind { kLine, kInterrupted, kEnd };
  struct Line {
    Kind kind = Kind::kEnd;
    std::string text;  // without the final line break; a paste may have some inside
  };

  virtual ~LineSource() = default;
  // `more`: the line continues the one before.
  virtual Line Read(bool more) = 0;
};

}  // namespace lares::cli
