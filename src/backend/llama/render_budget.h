// SPDX-License-Identifier: Apache-2.0
//
// What one rendering of a chat template may cost. Templates come with models from anywhere, and a template is
// a program: it can loop, double a text forty times, or call itself without end.
//
// A RenderBudget on the stack covers everything that guarded templates (template_guard.h) do on this thread
// until it goes. Spend and Check throw RenderLimit, which is no std::exception, so that nothing in between
// takes it for an error of the template.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace lares::backend::llama {

struct RenderLimit {
  std::string what;  // "took more than 2 seconds of CPU time"
};

class RenderBudget {
 public:
  struct Limits {
    std::chrono::milliseconds cpu{2000};
    std::size_t bytes = 256U << 20U;       // of all texts made on the way
    std::size_t value_bytes = 24U << 20U;  // of one value
    std::size_t value_nodes = 300'000;     // of one value
    std::size_t value_depth = 200;
    std::size_t stack = 1U << 20U;  // bytes of this thread's stack
  };

  RenderBudget() : RenderBudget(Limits{}) {}
  explicit RenderBudget(const Limits& limits);
  ~RenderBudget();
  RenderBudget(const RenderBudget&) = delete;
  RenderBudget& operator=(const RenderBudget&) = delete;

  // Of the calling thread; null when none is set.
  static RenderBudget* Current();

  const Limits& limits() const { return limits_; }
  // Called all over a template: cheap.
  void Check();
  void Spend(std::size_t bytes);

 private:
  Limits limits_;
  RenderBudget* outer_;
  std::uintptr_t stack_base_;
  std::chrono::nanoseconds end_;
  std::uint32_t calls_ = 0;
};

}  // namespace lares::backend::llama
