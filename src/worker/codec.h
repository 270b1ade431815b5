// SPDX-License-Identifier: Apache-2.0
//
// Values of core as messages and back. What comes back was written by another process, perhaps a broken one:
// a number that stands for nothing (an enumerator, a code) is kInvalidArgument; sizes are bounded by the
// frame, and a request's fields by core::Validate. Times travel as durations, because clocks of two machines
// have nothing in common: `now` is the time of sending or arrival. Pure.
#pragma once

#include <span>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "core/embed.h"
#include "core/generate_request.h"
#include "core/model_spec.h"
#include "core/token_event.h"
#include "engine/step_report.h"

namespace lares::worker {

namespace wire {
class EmbedAnswer;
class EmbedRequest;
class EngineStatus;
class Error;
class EventBatch;
class GenerateRequest;
class RankAnswer;
class RankRequest;
class StepReport;
class TextPrompt;
class Tokens;
}  // namespace wire

void ToWire(const base::Error& value, wire::Error& message);
base::Result<base::Error> FromWire(const wire::Error& message);

void ToWire(const core::TextPrompt& value, wire::TextPrompt& message);
core::TextPrompt FromWire(const wire::TextPrompt& message);

void ToWire(std::span<const core::TokenId> value, wire::Tokens& message);
std::vector<core::TokenId> FromWire(const wire::Tokens& message);

void ToWire(const core::GenerateRequest& value, base::Time now, wire::GenerateRequest& message);
base::Result<core::GenerateRequest> FromWire(const wire::GenerateRequest& message, base::Time now);

void ToWire(const core::EmbedRequest& value, base::Time now, wire::EmbedRequest& message);
base::Result<core::EmbedRequest> FromWire(const wire::EmbedRequest& message, base::Time now);

void ToWire(const core::EmbedAnswer& value, wire::EmbedAnswer& message);
core::EmbedAnswer FromWire(const wire::EmbedAnswer& message);

void ToWire(const core::RankRequest& value, base::Time now, wire::RankRequest& message);
core::RankRequest FromWire(const wire::RankRequest& message, base::Time now);

void ToWire(const core::RankAnswer& value, wire::RankAnswer& message);
core::RankAnswer FromWire(const wire::RankAnswer& message);

void ToWire(const core::EventBatch& value, base::Time now, wire::EventBatch& message);
base::Result<core::EventBatch> FromWire(const wire::EventBatch& message, base::Time now);

void ToWire(const engine::StepReport& value, wire::StepReport& message);
engine::StepReport FromWire(const wire::StepReport& message);

void ToWire(const core::EngineStatus& value, wire::EngineStatus& message);
base::Result<core::EngineStatus> FromWire(const wire::EngineStatus& message);

}  // namespace lares::worker
