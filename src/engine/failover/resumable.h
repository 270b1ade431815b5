// SPDX-License-Identifier: Apache-2.0
//
// One request that outlives the engines it runs on: the request itself with the ids that its client has, and
// the accounts that only somebody can keep who sees all of it. Not thread safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/generate_request.h"
#include "core/token_event.h"
#include "engine/engine.h"
#include "engine/gap_histogram.h"

namespace lares::engine {

class Resumable {
 public:
  Resumable(core::GenerateRequest request, std::shared_ptr<EventSink> sink, base::Time now);

  // With the ids that the client has: an engine that gets this goes on where the last one stopped.
  const core::GenerateRequest& request() const { return request_; }
  const std::shared_ptr<EventSink>& sink() const { return sink_; }

  // The same, but only one token further than it ever came: for nobody's ears.
  core::GenerateRequest OneStep() const;

  // Each takes what an engine said and leaves what the client shall hear; false: nothing. `probed`: by an
  // engine that works for nobody's ears.
  bool Take(const core::Admitted& event, bool probed);
  bool Take(core::Started& event);
  bool Take(core::Delta& delta, base::Time made);
  void Finish(core::Terminal& terminal, base::Time now) const;

  // It is given to an engine now.
  void Given(base::Time now);
  bool admitted() const { return admitted_; }
  std::int32_t continuations() const { return continuations_; }

  // The end of a request that no engine ends.
  core::Terminal End(base::Error error, base::Time now) const;

 private:
  core::Usage SoFar() const;
  core::Timings TimingsAt(base::Time now) const;

  core::GenerateRequest request_;
  const std::shared_ptr<EventSink> sink_;
  const base::Time submitted_;
  base::Time given_{};
  bool admitted_ = false;  // the client has heard it
  bool worked_ = false;    // an engine has admitted it, and worked for the client
  std::int32_t prompt_tokens_ = 0;
  std::optional<core::Started> started_;
  std::vector<bool> finished_;          // per choice
  std::vector<base::Time> last_token_;  // per choice
  base::Duration first_token_{};
  GapHistogram gaps_;
  std::int32_t continuations_ = 0;
};

}  // namespace lares::engine
