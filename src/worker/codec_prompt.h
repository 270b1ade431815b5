// SPDX-License-Identifier: Apache-2.0
//
// The part of codec.h that requests of both kinds share. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "core/principal.h"
#include "core/prompt.h"

namespace lares::worker {

namespace wire {
class Principal;
class Prompt;
}  // namespace wire

void ToWire(const core::Principal& value, wire::Principal& message);
core::Principal FromWire(const wire::Principal& message);

void ToWire(const core::Prompt& value, wire::Prompt& message);
base::Result<core::Prompt> FromWire(const wire::Prompt& message);

// `now` and as much, within a hundred years in both directions: what a message says must not overflow.
inline base::Time Later(base::Time now, std::int64_t nanoseconds) {
  constexpr std::int64_t kMost = std::int64_t{100} * 365 * 24 * 3600 * 1'000'000'000;
  return now + base::Duration(std::clamp(nanoseconds, -kMost, kMost));
}

// A point in time as the nanoseconds until then; what is past is past by as much.
template <class Message>
void SetDeadline(const std::optional<base::Time>& deadline, base::Time now, Message& message) {
  if (deadline) message.set_deadline_ns((*deadline - now).count());
}
template <class Message>
std::optional<base::Time> Deadline(const Message& message, base::Time now) {
  if (!message.has_deadline_ns()) return std::nullopt;
  return Later(now, message.deadline_ns());
}

}  // namespace lares::worker
