// SPDX-License-Identifier: Apache-2.0
//
// Executes a scheduler::Step on a backend: memory operations, then the decode call, then the prefill call.
// Holds the saved states. Engine thread only.
#pragma once

#include <atomic>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "backend/backend.h"
#include "base/clock.h"
#include "base/error.h"
#include "scheduler/step.h"

namespace lares::engine {

class StepRunner {
 public:
  StepRunner(backend::Backend& backend, const base::Clock& clock) : backend_(backend), clock_(clock) {}

  // A row whose logits yield a token: its sequence, and the row's index in the call.
  struct Yield {
    scheduler::SequenceId sequence = 0;
    std::size_t row = 0;
  };
  // Called after each call, while its logits are valid.
  using OnYields = std::function<void(std::span<const Yield>, scheduler::StepResult&)>;
  // The symbols of a sequence; the first `read` of them are its prompt, the others were written.
  struct Symbols {
    std::span<const core::Symbol> all;
    std::size_t read = 0;
  };
  // They stay valid during the step.
  using SymbolsOf = std::function<Symbols(scheduler::SequenceId)>;

  // An error means that the context can no longer be trusted: Reset it. Running out of cells, an interrupt
  // and a saved state that cannot be restored are results, no errors.
  base::Result<scheduler::StepResult> Run(const scheduler::Step& step, const SymbolsOf& symbols_of,
                                          const OnYields& on_yields, const std::atomic<bool>& interrupt);

  // Empties every slot and forgets every saved state.
  base::Status Reset();

 private:
  base::Status Do(const scheduler::MemoryOperation& operation, scheduler::StepResult& result);
  base::Status Decode(const scheduler::Step& step, const OnYields& on_yields, scheduler::StepResult& result);
  base::Status Prefill(const scheduler::Step& step, const SymbolsOf& symbols_of, const OnYields& on_yields,
                       const std::atomic<bool>& interrupt, scheduler::StepResult& result);

  // The rows of one of a step's prefill calls.
  struct PrefillPart {
    std::vector<backend::Row> rows;
    std::vector<std::size_t> chunks;  // of each row: its chunk's place in the step
    std::vector<Yield> yields;
    void Clear() {
      rows.clear();
      chunks.clear();
      yields.clear();
    }
  };
  void FillParts(const scheduler::Step& step, const SymbolsOf& symbols_of);
  base::Result<bool> RunPart(const PrefillPart& part, const OnYields& on_yields,
                             const std::atomic<bool>& interrupt, scheduler::StepResult& result);

  backend::Backend& backend_;
  const base::Clock& clock_;
  std::unordered_map<scheduler::BlobId, backend::SavedState> blobs_;
  std::vector<backend::Row> rows_;
  std::vector<Yield> yields_;
  PrefillPart read_, written_;
  std::vector<std::int32_t> unrestored_slots_;  // of this step
};

}  // namespace lares::engine
