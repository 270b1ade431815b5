// SPDX-License-Identifier: Apache-2.0
#include "sampling/stop_matcher.h"

#include <algorithm>
#include <utility>

namespace lares::sampling {

StopMatcher::StopMatcher(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase_if(stops_, [](const std::string& s) { return s.empty(); });
}

StopMatcher::Result StopMatcher::Push(std::string_view text) {
  if (stopped_) return {};
  if (stops_.empty()) return {.text = std::string(text)};
  held_ += text;
  std::size_t first_end = std::string::npos, begin = 0;
  for (const std::string& stop : stops_) {
    const std::size_t at = held_.find(stop);
    if (at == std::string::npos) continue;
    const std::size_t end = at + stop.size();
    if (end < first_end || (end == first_end && at < begin)) {
      first_end = end;
      begin = at;
    }
  }
  if (first_end != std::string::npos) {
    stopped_ = true;
    return {.text = std::exchange(held_, {}).substr(0, begin), .stopped = true};
  }
  const std::size_t safe = HoldFrom();
  Result out{.text = held_.substr(0, safe)};
  held_.erase(0, safe);
  return out;
}

std::string StopMatcher::Flush() { return std::exchange(held_, {}); }

// The first byte of the longest end of held_ that begins a stop string.
std::size_t StopMatcher::HoldFrom() const {
  std::size_t longest = 0;
  for (const std::string& stop : stops_) {
    for (std::size_t n = std::min(stop.size() - 1, held_.size()); n > longest; --n) {
      if (held_.compare(held_.size() - n, n, stop, 0, n) == 0) longest = n;
    }
  }
  return held_.size() - longest;
}

}  // namespace lares::sampling
