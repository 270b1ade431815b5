// SPDX-License-Identifier: Apache-2.0
//
// Digests of what killed workers, for a while and bounded: who sends the same again is told so instead of
// costing another worker. Pure; not thread safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"

namespace lares::supervisor {

class Quarantine {
 public:
  struct Options {
    base::Duration time = std::chrono::minutes(10);
    std::size_t most = 1024;  // then the oldest is let go
  };

  explicit Quarantine(Options options) : options_(options) {}

  void Add(std::string digest, base::Time now);
  bool Holds(std::string_view digest, base::Time now);
  std::size_t size() const { return held_.size(); }

 private:
  void LetGo(base::Time now);

  const Options options_;
  std::deque<std::pair<base::Time, std::string>> held_;  // by time
};

}  // namespace lares::supervisor
