// SPDX-License-Identifier: Apache-2.0
#include "backend/llama/render_budget.h"

#include "backend/llama/sentence.h"
#include "backend/llama/thread_cpu_clock.h"

namespace lares::backend::llama {
namespace {

thread_local RenderBudget* current = nullptr;

// Asking the clock costs more than most steps of a template.
constexpr std::uint32_t kCallsPerClock = 32;

std::uintptr_t StackPosition() { return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)); }

}  // namespace

RenderBudget::RenderBudget(const Limits& limits)
    : limits_(limits), outer_(current), stack_base_(StackPosition()), end_(ThreadCpuTime() + limits.cpu) {
  current = this;
}

RenderBudget::~RenderBudget() { current = outer_; }

RenderBudget* RenderBudget::Current() { return current; }

void RenderBudget::Check() {
  // The stack grows downwards; a budget made further down (in a test) is no reason to wrap around.
  const std::uintptr_t here = StackPosition();
  if (here < stack_base_ && stack_base_ - here > limits_.stack) {
    throw RenderLimit{"calls itself too deeply"};
  }
  if (calls_++ % kCallsPerClock != 0) return;
  if (ThreadCpuTime() > end_) {
    throw RenderLimit{Sentence("took more than ", limits_.cpu.count(), " ms of CPU time")};
  }
}

void RenderBudget::Spend(std::size_t bytes) {
  if (bytes > limits_.bytes) throw RenderLimit{"makes too much text"};
  limits_.bytes -= bytes;
}

}  // namespace lares::backend::llama
