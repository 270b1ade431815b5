// SPDX-License-Identifier: Apache-2.0
#include "scheduler/settle.h"

#include <algorithm>
#include <unordered_set>

#include "base/check.h"

namespace lares::scheduler {
namespace {

// Saved states that came to be, and those that did not. A slot whose restore failed is empty.
std::unordered_set<std::int32_t> SettleBlobs(World& world, const Step& step, const StepResult& result) {
  std::unordered_set<std::int32_t> emptied;
  for (const MemoryOperation& operation : step.memory) {
    if (const auto* spill = std::get_if<SpillSlot>(&operation)) world.host.Confirm(spill->blob, std::nullopt);
  }
  for (const auto& [blob, bytes] : result.blob_bytes) world.host.Confirm(blob, bytes);
  for (const auto& [blob, slot] : world.restores) {
    world.slots.SetConfirmed(slot, true);
    if (std::ranges::find(result.failed_blobs, blob) == result.failed_blobs.end()) continue;
    world.slots.Clear(slot);
    emptied.insert(slot);
    if (Job* job = world.slots.holder(slot)) job->done = 0;
  }
  world.restores.clear();
  for (const BlobId blob : result.failed_blobs) {
    world.host.Lost(blob);
    for (const auto& [id, job] : world.jobs) {
      if (job->saved == blob) job->saved = 0;
    }
  }
  return emptied;
}

void Advance(World& world, Job& job, std::size_t symbols) {
  const std::int64_t before = job.symbols.RowsBefore(job.done);
  job.done += symbols;
  world.slots.ExtendTo(job.slot, job.done);
  World::CountComputed(job, job.symbols.RowsBefore(job.done) - before);
  std::erase_if(job.cuts, [&](std::size_t cut) { return cut <= job.done; });
}

void SettleDecode(World& world, const Step& step, const StepResult& result) {
  if (step.decode.empty()) return;
  if (result.decode_out_of_cells) {
    ++world.cells_refused;
    return;
  }
  world.cost.LearnDecode(DecodeShape(step), result.decode_time);
  for (const DecodeRow& row : step.decode) {
    Job* job = world.Find(row.sequence);
    LARES_CHECK(job != nullptr && job->slot == row.slot);
    Advance(world, *job, 1);
  }
}

void SettlePrefill(World& world, const Step& step, const StepResult& result,
                   const std::unordered_set<std::int32_t>& emptied) {
  if (step.prefill.empty()) return;
  LARES_CHECK(result.prefill_done.size() == step.prefill.size());
  std::size_t planned = 0;
  std::size_t done = 0;
  for (std::size_t i = 0; i < step.prefill.size(); ++i) {
    const PrefillChunk& chunk = step.prefill[i];
    planned += chunk.count;
    if (emptied.contains(chunk.slot) || result.prefill_out_of_cells) continue;
    Job* job = world.Find(chunk.sequence);
    LARES_CHECK(job != nullptr && job->slot == chunk.slot);
    LARES_CHECK(result.prefill_done[i] <= chunk.count);
    Advance(world, *job, result.prefill_done[i]);
    done += result.prefill_done[i];
  }
  world.interrupted_in_vain = result.prefill_interrupted && done == 0;
  if (result.prefill_out_of_cells) {
    ++world.cells_refused;
    world.refused_rows = static_cast<std::int64_t>(planned);
  } else {
    world.refused_rows = 0;
    if (done == planned && !result.prefill_rewrites)
      world.cost.LearnPrefill(PrefillShape(world, step), result.prefill_time);
  }
}

void SettleProduced(World& world, const StepResult& result) {
  for (const Produced& produced : result.produced) {
    Job* job = world.Find(produced.sequence);
    LARES_CHECK(job != nullptr && job->running() && job->left() == 0);
    job->symbols.Append(core::Symbol::Token(produced.token));
    ++job->produced;
    FairShare::Serve(*job->tenant, FairShare::kProducedWeight);
    if (job->state == Job::State::kReading) world.BeginDecoding(*job);
    if (produced.finished) {
      world.answer_tokens += 0.05 * (job->produced - world.answer_tokens);
      world.Forget(*job);
    } else {
      LARES_CHECK(job->produced < job->max_new);
    }
  }
}

// A row whose logits were wanted is in the KV, but no token came of it: it is taken back and computed again.
void TakeBackMuteRows(World& world) {
  for (Job* job : world.running) {
    if (job->left() > 0 || job->cancelled) continue;
    job->done = world.options.can_truncate ? job->symbols.size() - 1 : 0;
    world.operations.emplace_back(TruncateSlot{job->slot, job->symbols.PositionsBefore(job->done)});
    world.slots.Truncate(job->slot, job->symbols, job->done);
    if (job->state == Job::State::kDecoding && job->left() > 1) world.ReadAgain(*job);
  }
}

}  // namespace

CallShape DecodeShape(const Step& step) {
  CallShape shape;
  for (const DecodeRow& row : step.decode) shape.Add(1, row.position);
  return shape;
}

CallShape PrefillShape(const World& world, const Step& step) {
  CallShape shape;
  for (const PrefillChunk& chunk : step.prefill) {
    const Job* job = world.Find(chunk.sequence);
    LARES_CHECK(job != nullptr);
    const std::int64_t rows =
        job->symbols.RowsBefore(chunk.first + chunk.count) - job->symbols.RowsBefore(chunk.first);
    shape.Add(rows, chunk.position);
  }
  return shape;
}

void Settle(World& world, const Step& step, const StepResult& result) {
  const auto emptied = SettleBlobs(world, step, result);
  SettleDecode(world, step, result);
  SettlePrefill(world, step, result, emptied);
  SettleProduced(world, result);
  TakeBackMuteRows(world);
}

}  // namespace lares::scheduler
