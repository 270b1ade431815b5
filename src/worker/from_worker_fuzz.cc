// SPDX-License-Identifier: Apache-2.0
//
// What a gateway reads: frames, and in them what a worker says.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "worker/codec.h"
#include "worker/frame.h"
#include "worker/worker.pb.h"

namespace {

namespace wire = lares::worker::wire;
using lares::worker::FromWire;

void CheckEvents(const wire::EventBatch& message) {
  const auto batch = FromWire(message, lares::base::Time{});
  if (!batch) return;
  wire::EventBatch again;
  lares::worker::ToWire(*batch, lares::base::Time{}, again);
  const auto same = FromWire(again, lares::base::Time{});
  LARES_CHECK(same && same->deltas.size() == batch->deltas.size() &&
              same->terminals.size() == batch->terminals.size() && same->admitted == batch->admitted);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lares::worker::FrameReader reader(1U << 20U);
  reader.Append({reinterpret_cast<const char*>(data), size});
  for (auto next = reader.Next(); next && *next; next = reader.Next()) {
    wire::FromWorker message;
    if (!message.ParseFromString(**next)) return 0;
    if (message.has_events()) CheckEvents(message.events());
    if (message.has_status()) static_cast<void>(FromWire(message.status()));
    if (message.has_answer() && message.answer().has_error()) {
      static_cast<void>(FromWire(message.answer().error()));
    }
    if (message.has_answer() && message.answer().has_embeddings()) {
      static_cast<void>(FromWire(message.answer().embeddings()));
    }
  }
  return 0;
}
