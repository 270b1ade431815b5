// SPDX-License-Identifier: Apache-2.0
//
// What the scheduler decides and what it hears back: one Step, one StepResult. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "core/generate_request.h"
#include "core/symbol.h"

namespace lares::scheduler {

using SequenceId = std::uint64_t;  // one choice of one request; made by the engine, never used twice
using BlobId = std::uint64_t;      // one saved state in host memory; made by the scheduler

// One choice of one request.
struct Sequence {
  SequenceId id = 0;
  std::vector<core::Symbol> symbols;  // the prompt, with the ids already produced behind it
  std::int32_t max_new = 0;           // tokens it may still produce, >= 1
  std::uint64_t salt = 0;             // hash of tenant, adapter set and model: caches never cross it
  std::string tenant;
  core::ServiceClass service_class = core::ServiceClass::kInteractive;
};

// Work on slots and host memory, to be done in order before the calls of a step.
struct TruncateSlot {  // drop everything from `position` on; 0 empties the slot
  std::int32_t slot = 0;
  std::int32_t position = 0;
};
struct CopySlot {  // `to` (empty) := `from` below `position`
  std::int32_t from = 0;
  std::int32_t to = 0;
  std::int32_t position = 0;
};
struct SpillSlot {  // save the slot's state to host memory as `blob`; the slot keeps it
  std::int32_t slot = 0;
  BlobId blob = 0;
};
struct RestoreBlob {  // `slot` (empty) := `blob`, then drop from `position` on; blob stays
  BlobId blob = 0;
  std::int32_t slot = 0;
  std::int32_t position = 0;
};
struct ForgetBlob {  // free it
  BlobId blob = 0;
};
using MemoryOperation = std::variant<TruncateSlot, CopySlot, SpillSlot, RestoreBlob, ForgetBlob>;

// One row: the last produced token of a running sequence.
struct DecodeRow {
  SequenceId sequence = 0;
  std::int32_t slot = 0;
  std::int32_t position = 0;
  core::TokenId token = 0;
};

// Symbols [first, first + count) of a sequence's list. `last`: the chunk ends the list, so its last row
// yields a token.
struct PrefillChunk {
  SequenceId sequence = 0;
  std::int32_t slot = 0;
  std::size_t first = 0;
  std::size_t count = 0;
  std::int32_t position = 0;  // of the first symbol
  bool last = false;
};

struct Step {
  std::vector<MemoryOperation> memory;
  std::vector<DecodeRow> decode;      // the first call
  std::vector<PrefillChunk> prefill;  // the second call
  // They lost their slot in this Plan. It is told for those who keep something per running sequence: the
  // scheduler brings them back by itself, as readers, maybe in this very step.
  std::vector<SequenceId> preempted;
  // Nobody decodes: the prefill may be cut short when what it is for is no longer wanted. (Not for a
  // newcomer: it would throw away up to a call's work to start a fraction of a call earlier.)
  bool interruptible = false;
  base::Duration predicted_decode{};
  base::Duration predicted_prefill{};
  bool idle() const { return memory.empty() && decode.empty() && prefill.empty(); }
};

// A token that a row yielded. `finished`: the engine ended the sequence with it (end token, stop string,
// length, cancelled by its owner); it is in the sequence's list all the same but not in the KV cache.
struct Produced {
  SequenceId sequence = 0;
  core::TokenId token = 0;
  bool finished = false;
};

struct StepResult {
  std::vector<Produced> produced;         // at most one per decode row and per last chunk
  std::vector<std::size_t> prefill_done;  // symbols computed of each chunk, in the step's order
  base::Duration decode_time{};           // zero: there was no such call
  base::Duration prefill_time{};
  bool prefill_interrupted = false;  // its time says nothing about cost
  bool prefill_rewrites = false;     // part of it was written before: its time says nothing about prompts
  bool decode_out_of_cells = false;  // the call was refused whole: nothing of it is in the cache
  bool prefill_out_of_cells = false;
  std::vector<BlobId> failed_blobs;  // a spill or restore that failed; the sequence recomputes
  std::vector<std::pair<BlobId, std::uint64_t>> blob_bytes;  // sizes of what was spilled
};

}  // namespace lares::scheduler
