// SPDX-License-Identifier: Apache-2.0
//
// Finds stop strings in a text that comes in pieces. No byte of a stop string, nor one that may turn out to
// begin one, is ever given out. The match that is complete first wins, so that an answer ends as soon as it
// can and the same however the text is cut; among those that end at the same byte, the longest. One per
// choice; not thread safe. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lares::sampling {

class StopMatcher {
 public:
  // Empty strings are ignored.
  explicit StopMatcher(std::vector<std::string> stops);

  struct Result {
    std::string text;      // safe to give out
    bool stopped = false;  // a stop string was found: the text ends before it
  };
  // After a stop, everything that comes is dropped.
  Result Push(std::string_view text);

  // The end of the text: what was held back is text after all.
  std::string Flush();

  bool stopped() const { return stopped_; }

 private:
  std::size_t HoldFrom() const;

  std::vector<std::string> stops_;
  std::string held_;  // shorter than the longest stop string, between calls
  bool stopped_ = false;
};

}  // namespace lares::sampling
