// SPDX-License-Identifier: Apache-2.0
#include "cli/sse_reader.h"

#include <utility>

namespace lares::cli {

std::vector<std::string> SseReader::Feed(std::string_view bytes) {
  std::vector<std::string> events;
  while (!bytes.empty() && !overflowed_) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = bytes.find_first_of("\r\n");
    const std::string_view part = bytes.substr(0, end);
    overflowed_ = line_.size() + data_.size() + part.size() > kMaxEventBytes;
    if (overflowed_) break;
    if (end == std::string_view::npos) {
      line_.append(part);
      break;
    }
    after_cr_ = bytes[end] == '\r';
    // Most lines come whole: no copy for those.
    if (line_.empty()) {
      TakeLine(part, events);
    } else {
      line_.append(part);
      TakeLine(std::exchange(line_, {}), events);
    }
    bytes.remove_prefix(end + 1);
  }
  return events;
}

void SseReader::TakeLine(std::string_view line, std::vector<std::string>& out) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (std::exchange(first_line_, false) && line.starts_with(kByteOrderMark)) {
    line.remove_prefix(kByteOrderMark.size());
  }
  if (line.empty()) {
    if (std::exchange(has_data_, false)) out.push_back(std::exchange(data_, {}));
    return;
  }
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (colon == 0) comment_ = value;
  if (name != "data") return;
  if (std::exchange(has_data_, true)) data_ += '\n';
  data_.append(value);
}

}  // namespace lares::cli
