// SPDX-License-Identifier: Apache-2.0
//
// What a worker reads: frames, and in them what a gateway says.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "worker/codec.h"
#include "worker/frame.h"
#include "worker/worker.pb.h"

namespace {

namespace wire = lares::worker::wire;

// What was understood is said again in the same words.
void CheckRequest(const wire::GenerateRequest& message) {
  const auto request = lares::worker::FromWire(message, lares::base::Time{});
  if (!request) return;
  wire::GenerateRequest again;
  lares::worker::ToWire(*request, lares::base::Time{}, again);
  const auto same = lares::worker::FromWire(again, lares::base::Time{});
  LARES_CHECK(same && same->id == request->id && same->prompt == request->prompt &&
              same->produced == request->produced);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lares::worker::FrameReader reader(1U << 20U);
  reader.Append({reinterpret_cast<const char*>(data), size});
  for (auto next = reader.Next(); next && *next; next = reader.Next()) {
    wire::ToWorker message;
    if (!message.ParseFromString(**next)) return 0;
    if (message.has_submit()) CheckRequest(message.submit());
    if (message.has_call() && message.call().has_count()) CheckRequest(message.call().count());
    if (message.has_call() && message.call().has_embed()) {
      static_cast<void>(lares::worker::FromWire(message.call().embed(), lares::base::Time{}));
    }
  }
  return 0;
}
