// SPDX-License-Identifier: Apache-2.0
#include "worker/wake_up.h"

#include <array>
#include <chrono>
#include <cstdint>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace lares::worker {

WakeUp::WakeUp() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

WakeUp::~WakeUp() { ::close(descriptor_); }

void WakeUp::Ring() const {
  const std::uint64_t one = 1;
  if (::write(descriptor_, &one, sizeof one) < 0) return;  // it rings already
}

void WakeUp::Wait(base::Duration patience, int other) const {
  std::array<pollfd, 2> entries{
      {{.fd = descriptor_, .events = POLLIN, .revents = 0}, {.fd = other, .events = POLLIN, .revents = 0}}};
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(patience);
  ::poll(entries.data(), entries.size(), static_cast<int>(wait.count()));
  std::uint64_t rings = 0;
  if (::read(descriptor_, &rings, sizeof rings) < 0) return;  // nobody rang
}

}  // namespace lares::worker
