// SPDX-License-Identifier: Apache-2.0
//
// When it is worth saying how far a model has been loaded: after ten percent more, but not twice within a
// second, and every five seconds in any case. Pure.
#pragma once

#include "base/clock.h"

namespace lares::app {

class LoadProgress {
 public:
  explicit LoadProgress(base::Time start) : said_at_(start) {}

  // True when a line is due; it counts as said then.
  bool Due(int percent, base::Time now) {
    const base::Duration silence = now - said_at_;
    const bool further = percent >= said_percent_ + 10 && silence >= std::chrono::seconds(1);
    if (!further && silence < std::chrono::seconds(5)) return false;
    said_percent_ = percent;
    said_at_ = now;
    return true;
  }

 private:
  int said_percent_ = 0;
  base::Time said_at_;
};

}  // namespace lares::app
