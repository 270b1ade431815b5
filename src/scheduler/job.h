// SPDX-License-Identifier: Apache-2.0
//
// A sequence as the scheduler keeps it. States (see README.md):
//
//   waiting ──start──▶ reading ──first token──▶ decoding ──finished──▶ (forgotten; its content stays cached)
//      ▲                  │                        │
//      └────preempted─────┴────────────────────────┘
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "core/generate_request.h"
#include "scheduler/fair_share.h"
#include "scheduler/stats.h"
#include "scheduler/step.h"
#include "scheduler/symbol_list.h"

namespace lares::scheduler {

inline constexpr std::int32_t kNoSlot = -1;

struct Job {
  enum class State : std::uint8_t { kWaiting, kReading, kDecoding };

  SequenceId id = 0;
  SymbolList symbols;  // with what it produced
  std::uint64_t salt = 0;
  std::int32_t max_new = 0;  // at admission
  std::int32_t produced = 0;
  core::ServiceClass service_class{};
  FairShare::Tenant* tenant = nullptr;
  std::uint64_t arrival = 0;  // number in order of admission; never changes
  base::Time arrived{};

  State state = State::kWaiting;
  std::int32_t slot = kNoSlot;
  std::size_t done = 0;  // symbols in its slot's KV
  double promised = 0;   // rows promised to its tenant, not computed yet
  bool cancelled = false;
  bool started_before = false;
  bool advanced = true;  // its last turn in the prefill call got rows

  // While another sequence reads the same prefix: waits until that one has done `awaited_symbols`.
  SequenceId awaited = 0;
  std::size_t awaited_symbols = 0;
  std::int32_t waits = 0;
  // Where others wait for it: its chunks end there, so that they need not wait for what is its own.
  std::vector<std::size_t> cuts;

  BlobId saved = 0;  // its own state, pinned in host memory while it is preempted
  SequenceStats stats;

  bool running() const { return state != State::kWaiting; }
  std::size_t left() const { return symbols.size() - done; }
  std::int64_t rows_left() const { return symbols.rows() - symbols.RowsBefore(done); }
};

// Its class, small first. Who has waited for too long counts as one of the first class, and is the oldest
// there. (Not before everybody: under overload all are overdue, and the fairness between tenants must not end
// then.)
inline bool Overdue(const Job& job, base::Time now, base::Duration max_wait) {
  return now - job.arrived >= max_wait;
}
inline int Urgency(const Job& job, base::Time now, base::Duration max_wait) {
  return Overdue(job, now, max_wait) ? 0 : static_cast<int>(job.service_class);
}

}  // namespace lares::scheduler
