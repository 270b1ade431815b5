// SPDX-License-Identifier: Apache-2.0
#include "engine/local/step_runner.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace lares::engine {
namespace {

using base::Code;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

const std::atomic<bool> kNever{false};

}  // namespace

base::Result<scheduler::StepResult> StepRunner::Run(const scheduler::Step& step, const SymbolsOf& symbols_of,
                                                    const OnYields& on_yields,
                                                    const std::atomic<bool>& interrupt) {
  scheduler::StepResult result;
  unrestored_slots_.clear();
  for (const auto& operation : step.memory) {
    if (auto done = Do(operation, result); !done) return base::Fail(done.error());
  }
  if (!step.decode.empty()) {
    if (auto done = Decode(step, on_yields, result); !done) return base::Fail(done.error());
  }
  if (!step.prefill.empty()) {
    const auto& flag = step.interruptible ? interrupt : kNever;
    if (auto done = Prefill(step, symbols_of, on_yields, flag, result); !done) {
      return base::Fail(done.error());
    }
  }
  return result;
}

base::Status StepRunner::Do(const scheduler::MemoryOperation& operation, scheduler::StepResult& result) {
  return std::visit(
      Overloaded{
          [&](const scheduler::TruncateSlot& op) { return backend_.Truncate(op.slot, op.position); },
          [&](const scheduler::CopySlot& op) { return backend_.Copy(op.from, op.to, op.position); },
          [&](const scheduler::SpillSlot& op) -> base::Status {
            auto saved = backend_.Save(op.slot);
            if (!saved) {
              result.failed_blobs.push_back(op.blob);
              return {};
            }
            result.blob_bytes.emplace_back(op.blob, saved->bytes.size());
            blobs_[op.blob] = std::move(*saved);
            return {};
          },
          [&](const scheduler::RestoreBlob& op) -> base::Status {
            const auto found = blobs_.find(op.blob);
            if (found == blobs_.end() || !backend_.Restore(op.slot, found->second)) {
              result.failed_blobs.push_back(op.blob);
              unrestored_slots_.push_back(op.slot);
              return {};
            }
            return backend_.Truncate(op.slot, op.position);
          },
          [&](const scheduler::ForgetBlob& op) -> base::Status {
            blobs_.erase(op.blob);
            return {};
          },
      },
      operation);
}

base::Status StepRunner::Decode(const scheduler::Step& step, const OnYields& on_yields,
                                scheduler::StepResult& result) {
  rows_.clear();
  yields_.clear();
  for (const scheduler::DecodeRow& row : step.decode) {
    yields_.push_back({row.sequence, rows_.size()});
    rows_.push_back({.token = row.token,
                     .slot = row.slot,
                     .position = row.position,
                     .wants_logits = true,
                     .written = true});
  }
  const base::Time start = clock_.Now();
  auto outcome = backend_.Run(rows_, kNever);
  result.decode_time = clock_.Now() - start;
  if (!outcome) {
    if (outcome.error().code() != Code::kResourceExhausted) return base::Fail(outcome.error());
    result.decode_out_of_cells = true;
    return {};
  }
  on_yields(yields_, result);
  return {};
}

// A call for what is read and one for what was written before: the beginning of an answer that goes on.
base::Status StepRunner::Prefill(const scheduler::Step& step, const SymbolsOf& symbols_of,
                                 const OnYields& on_yields, const std::atomic<bool>& interrupt,
                                 scheduler::StepResult& result) {
  result.prefill_done.assign(step.prefill.size(), 0);
  FillParts(step, symbols_of);
  result.prefill_rewrites = !written_.rows.empty();
  const base::Time start = clock_.Now();
  bool whole = true;
  for (const PrefillPart* part : {&read_, &written_}) {
    if (part->rows.empty() || !whole) continue;
    auto done = RunPart(*part, on_yields, interrupt, result);
    if (!done) return base::Fail(done.error());
    whole = *done;
  }
  result.prefill_time = clock_.Now() - start;
  return {};
}

void StepRunner::FillParts(const scheduler::Step& step, const SymbolsOf& symbols_of) {
  read_.Clear();
  written_.Clear();
  for (std::size_t i = 0; i < step.prefill.size(); ++i) {
    const scheduler::PrefillChunk& chunk = step.prefill[i];
    // A restore that failed left the slot empty: rows would stand on nothing. They are planned anew.
    if (std::ranges::find(unrestored_slots_, chunk.slot) != unrestored_slots_.end()) continue;
    const Symbols symbols = symbols_of(chunk.sequence);
    LARES_CHECK(chunk.first + chunk.count <= symbols.all.size());
    for (std::size_t k = 0; k < chunk.count; ++k) {
      const core::Symbol& symbol = symbols.all[chunk.first + k];
      LARES_CHECK(symbol.is_token());  // media is refused at Render until the vision path exists
      const bool written = chunk.first + k >= symbols.read;
      const bool yields = chunk.last && k + 1 == chunk.count;
      PrefillPart& part = written ? written_ : read_;
      if (yields) part.yields.push_back({chunk.sequence, part.rows.size()});
      part.chunks.push_back(i);
      part.rows.push_back({.token = symbol.token(),
                           .slot = chunk.slot,
                           .position = chunk.position + static_cast<std::int32_t>(k),
                           .wants_logits = yields,
                           .written = written});
    }
  }
}

// Whether all of it was computed.
base::Result<bool> StepRunner::RunPart(const PrefillPart& part, const OnYields& on_yields,
                                       const std::atomic<bool>& interrupt, scheduler::StepResult& result) {
  auto outcome = backend_.Run(part.rows, interrupt);
  if (!outcome) {
    if (outcome.error().code() != Code::kResourceExhausted) return base::Fail(outcome.error());
    // What the other call has computed stays; the rest is planned again, and refused alone.
    result.prefill_out_of_cells = &part == &read_ || read_.rows.empty();
    return false;
  }
  for (std::size_t row = 0; row < outcome->rows_done; ++row) ++result.prefill_done[part.chunks[row]];
  yields_.assign(part.yields.begin(), part.yields.end());
  std::erase_if(yields_, [&](const Yield& y) { return y.row >= outcome->rows_done; });
  on_yields(yields_, result);
  const bool whole = outcome->rows_done == part.rows.size();
  result.prefill_interrupted = !whole;
  return whole;
}

base::Status StepRunner::Reset() {
  blobs_.clear();
  for (std::int32_t slot = 0; slot < backend_.facts().slots; ++slot) {
    if (auto done = backend_.Truncate(slot, 0); !done) return done;
  }
  return {};
}

}  // namespace lares::engine
