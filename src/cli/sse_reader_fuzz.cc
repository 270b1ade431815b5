// SPDX-License-Identifier: Apache-2.0
//
// Foreign event streams: how the bytes are cut must not matter. The first byte says where they are.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "cli/sse_reader.h"
#include "cli/stream_event.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lares::cli;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  SseReader whole;
  const std::vector<std::string> events = whole.Feed(text);
  const std::size_t step = 1 + data[0] % 16U;
  SseReader cut;
  std::vector<std::string> again;
  for (std::size_t at = 0; at < text.size(); at += step) {
    for (std::string& event : cut.Feed(text.substr(at, step))) again.push_back(std::move(event));
  }
  LARES_CHECK(events == again);
  for (const std::string& event : events) {
    static_cast<void>(ParseStreamEvent(event));
    static_cast<void>(ParseErrorBody(event));
  }
  return 0;
}
