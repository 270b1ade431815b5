// SPDX-License-Identifier: Apache-2.0
//
// The thread on which a connection lives, as others see it.
#pragma once

#include <cstddef>
#include <functional>

namespace lares::http {

class Executor {
 public:
  virtual ~Executor() = default;

  // Runs `work` on the executor's thread, later and in order. Any thread. Once the server has stopped, work
  // is dropped. `work` must not throw.
  virtual void Post(std::function<void()> work) = 0;

  // Which of the server's threads it is: 0, 1, ...
  virtual std::size_t index() const = 0;
};

}  // namespace lares::http
