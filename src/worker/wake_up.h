// SPDX-License-Identifier: Apache-2.0
//
// Ends a thread's wait: eventfd(2). Ring may be called by any thread, Wait by one.
#pragma once

#include "base/clock.h"

namespace lares::worker {

class WakeUp {
 public:
  WakeUp();
  ~WakeUp();
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  void Ring() const;
  // Until somebody rings, `other` (a descriptor, -1: none) becomes readable, or `patience` is over.
  void Wait(base::Duration patience, int other = -1) const;

 private:
  const int descriptor_;
};

}  // namespace lares::worker
