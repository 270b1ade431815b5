// SPDX-License-Identifier: Apache-2.0
#include "http/api/api.h"

#include <chrono>

#include "base/digest.h"

namespace lares::http::api {

const Lane& Api::LaneOf(const Exchange& exchange) {
  const std::lock_guard lock(mutex_);
  Lane& lane = lanes_[exchange.executor().index()];
  if (!lane.hub) {
    lane.hub = std::make_shared<EventHub>(exchange.shared_executor());
    lane.channel = services_.generator.Open(lane.hub);
  }
  return lane;
}

std::string Api::FingerprintOf(const std::string& model) const {
  const auto found = services_.catalogue.Find(model);
  std::string what = services_.options.version + "|" + model;
  if (found) {
    const core::EngineStatus status = (*found)->engine->Status();
    what += "|" + status.form + "|" + std::to_string(status.bytes);
  }
  return "fp_" + base::Sha256Hex(what).substr(0, 12);
}

base::Error Busy(std::chrono::milliseconds retry_after) {
  return base::Error(base::Code::kResourceExhausted, "the server has too much to do; ask again shortly")
      .WithReason("overloaded")
      .WithRetryAfter(retry_after);
}

base::Error OutOfMemory() { return base::Error(base::Code::kInternal, "the request could not be worked on"); }

}  // namespace lares::http::api
