// SPDX-License-Identifier: Apache-2.0
//
// A request from Submit to its Terminal: where its events go, its choices, what it used and how long it
// took. Made in Submit; `prepared` is filled on the pool before the engine thread sees it; from then on
// engine thread only, except `cancelled`.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "core/generate_request.h"
#include "core/token_event.h"
#include "engine/engine.h"
#include "engine/gap_histogram.h"
#include "engine/local/preparation.h"
#include "scheduler/step.h"

namespace lares::engine {

struct ActiveChoice {
  scheduler::SequenceId sequence = 0;
  std::unique_ptr<Choice> writer;  // null from a preemption until `rebuilt` is taken
  std::future<base::Result<std::unique_ptr<Choice>>> rebuilt;
  std::vector<core::Symbol> symbols;  // prompt and produced ids: what the scheduler counts in
  base::Time last_token{};
};

struct ActiveRequest {
  core::GenerateRequest request;
  std::shared_ptr<EventSink> sink;
  base::Time submitted{};
  std::atomic<bool> cancelled{false};

  std::optional<base::Result<Prepared>> prepared;

  std::vector<ActiveChoice> choices;
  std::size_t choices_left = 0;
  std::optional<base::Error> failure;  // of one of its choices: the request ends with this step
  bool started = false;                // its first rows were computed
  core::Usage usage;
  core::Timings timings;
  GapHistogram gaps;
};

}  // namespace lares::engine
