// SPDX-License-Identifier: Apache-2.0
//
// Server-sent events out of bytes that come in any pieces (HTML standard, "Interpreting an event stream"):
// LF, CRLF and CR end lines, data lines of one event are joined by LF. The bytes are foreign: an event has a
// bounded size. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lares::cli {

class SseReader {
 public:
  static constexpr std::size_t kMaxEventBytes = 16U << 20U;

  // The data of the events that are complete now; event types are of no use to our clients and dropped.
  // After an overflow nothing comes any more.
  std::vector<std::string> Feed(std::string_view bytes);

  // The last comment that came, by which a server says why nothing else does.
  const std::string& comment() const { return comment_; }

  bool overflowed() const { return overflowed_; }

 private:
  void TakeLine(std::string_view line, std::vector<std::string>& out);

  std::string line_;  // the beginning of a line whose end has not come
  std::string data_;  // of the event so far
  std::string comment_;
  bool has_data_ = false;
  bool after_cr_ = false;   // a LF that follows belongs to it
  bool first_line_ = true;  // may begin with a byte order mark
  bool overflowed_ = false;
};

}  // namespace lares::cli
