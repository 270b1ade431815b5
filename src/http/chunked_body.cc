// SPDX-License-Identifier: Apache-2.0
#include "http/chunked_body.h"

#include <algorithm>
#include <charconv>

namespace lares::http {

ChunkedBody::State ChunkedBody::TakeSize(std::string_view line) {
  const std::string_view digits = line.substr(0, std::min(line.find(';'), line.size()));
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  // from_chars takes no sign of an unsigned number and no "0x"; blanks before the extension are allowed.
  const std::string_view rest = digits.substr(static_cast<std::size_t>(end - digits.data()));
  if (error != std::errc{} || rest.find_first_not_of(" \t") != std::string_view::npos) return State::kBroken;
  if (size > max_bytes_ - total_) return State::kTooLarge;
  total_ += size;
  left_ = size;
  expect_ = size == 0 ? Expect::kTrailer : Expect::kData;
  return State::kMore;
}

ChunkedBody::Step ChunkedBody::Feed(std::string_view input, std::string& body) {
  std::size_t at = 0;
  while (at < input.size()) {
    if (expect_ == Expect::kData) {
      const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - at));
      body.append(input.substr(at, part));
      at += part;
      left_ -= part;
      if (left_ == 0) expect_ = Expect::kDataEnd;
      continue;
    }
    const std::size_t end = input.find('\n', at);
    if (end == std::string_view::npos) {
      return {input.size() - at > max_line_ ? State::kBroken : State::kMore, at};
    }
    if (end == at || input[end - 1] != '\r' || end - at > max_line_) return {State::kBroken, at};
    const std::string_view line = input.substr(at, end - 1 - at);
    at = end + 1;
    if (expect_ == Expect::kSize) {
      if (const State state = TakeSize(line); state != State::kMore) return {state, at};
    } else if (expect_ == Expect::kDataEnd) {
      if (!line.empty()) return {State::kBroken, at};
      expect_ = Expect::kSize;
    } else if (line.empty()) {
      return {State::kDone, at};
    } else {
      trailer_bytes_ += line.size();
      if (trailer_bytes_ > max_line_) return {State::kBroken, at};
    }
  }
  return {State::kMore, at};
}

}  // namespace lares::http
