// SPDX-License-Identifier: Apache-2.0
#include "supervisor/liveness.h"

#include <algorithm>
#include <utility>

namespace lares::supervisor {
namespace {

std::string Text(base::Duration time) {
  return std::to_string(std::chrono::round<std::chrono::milliseconds>(time).count()) + " ms";
}

}  // namespace

bool Liveness::Late(const Poll& poll) const {
  const base::Duration predicted = std::max(*poll.due - *poll.began, base::Duration::zero());
  const base::Duration margin =
      options_.margin + std::chrono::duration_cast<base::Duration>(predicted * options_.of_predicted);
  const base::Duration waited = std::max(poll.waited_for_cpu - waited_, base::Duration::zero());
  return poll.now - waited > *poll.due + margin;
}

std::optional<std::string> Liveness::Observe(const Poll& poll) {
  const base::Duration before = std::exchange(last_waited_, poll.waited_for_cpu);
  if (counter_ != poll.counter) {
    waited_ = counter_ ? before : poll.waited_for_cpu;
    counter_ = poll.counter;
    late_ = 0;
    return std::nullopt;
  }
  const bool late = poll.began && poll.due && Late(poll);
  if (!late && !poll.stopped) {
    late_ = 0;
    return std::nullopt;
  }
  if (++late_ < options_.polls) return std::nullopt;
  if (poll.stopped) return "the process is stopped (SIGSTOP)";
  return "no progress for " + Text(poll.now - *poll.began) + " in a step that was to take " +
         Text(*poll.due - *poll.began);
}

}  // namespace lares::supervisor
