// SPDX-License-Identifier: Apache-2.0
#include "scheduler/played_engine.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace lares::scheduler {
namespace {

constexpr std::uint64_t kEmptyHash = 0x9E3779B97F4A7C15;

std::uint64_t Mix(std::uint64_t hash, std::int64_t key) {
  hash ^= static_cast<std::uint64_t>(key) + 0x9E3779B97F4A7C15 + (hash << 6) + (hash >> 2);
  hash *= 0xFF51AFD7ED558CCD;
  return hash ^ (hash >> 33);
}

std::uint64_t g_seed = 0;

void PrintSeed(int) {
  char line[64];
  std::snprintf(line, sizeof line, "repeat with LARES_SEED=%llu\n", static_cast<unsigned long long>(g_seed));
  std::fputs(line, stderr);
}

}  // namespace

std::uint64_t TestSeed(std::uint64_t standard) {
  const char* given = std::getenv("LARES_SEED");
  g_seed = given ? std::strtoull(given, nullptr, 10) : standard;
  std::signal(SIGABRT, PrintSeed);
  return g_seed;
}

bool FullTier() {
  const char* tier = std::getenv("LARES_TEST_TIER");
  return tier != nullptr && std::string_view(tier) == "full";
}

std::vector<core::Symbol> Babble(std::uint64_t seed, std::size_t count) {
  std::vector<core::Symbol> symbols;
  symbols.reserve(count);
  std::uint64_t state = Mix(kEmptyHash, static_cast<std::int64_t>(seed));
  for (std::size_t i = 0; i < count; ++i) {
    state = Mix(state, static_cast<std::int64_t>(i));
    symbols.push_back(core::Symbol::Token(static_cast<core::TokenId>(state % 50000)));
  }
  return symbols;
}

PlayedEngine::PlayedEngine(const Options& options, std::uint64_t seed, Costs costs)
    : PlayedEngine(options, seed, std::move(costs), Mishaps{}) {}

PlayedEngine::PlayedEngine(const Options& options, std::uint64_t seed, Costs costs, Mishaps mishaps)
    : options_(options),
      random_(seed),
      costs_(std::move(costs)),
      mishaps_(mishaps),
      scheduler_(options),
      slots_(static_cast<std::size_t>(options.slots)) {}

base::Status PlayedEngine::Admit(Sequence sequence, std::int32_t answer) {
  Record record{.sequence = sequence, .symbols = sequence.symbols};
  record.answer = std::min(answer, sequence.max_new);
  record.arrived = now_;
  std::uint64_t hash = kEmptyHash;
  for (const core::Symbol& symbol : record.symbols) record.hashes.push_back(hash = Mix(hash, symbol.key));
  const SequenceId id = sequence.id;
  if (auto admitted = scheduler_.Admit(std::move(sequence), now_); !admitted) return admitted;
  records_.emplace(id, std::move(record));
  ++unfinished_;
  return {};
}

void PlayedEngine::Cancel(SequenceId id) {
  Record& record = records_.at(id);
  if (record.finished || record.cancelled) return;
  record.cancelled = true;
  --unfinished_;
  scheduler_.Cancel(id, now_);
}

bool PlayedEngine::RunStep() {
  step_ = scheduler_.Plan(now_);
  result_ = {};
  unrestored_.clear();
  CheckPreempted();
  if (step_.idle()) return false;
  CheckShape();
  for (const MemoryOperation& operation : step_.memory) Do(operation);
  CheckCells("after memory operations");
  RunDecode();
  RunPrefill();
  CheckCells("after the calls");
  leaves_after_ = base::Duration::max();
  scheduler_.Apply(result_, now_);
  if (const SequenceId left = std::exchange(left_, 0); left != 0) Cancel(left);
  return true;
}

void PlayedEngine::CheckPreempted() {
  preempted_ += step_.preempted.size();
  if (preempted_ != scheduler_.stats().preemptions) Fault("a preemption that the step does not tell");
  for (const SequenceId id : step_.preempted) {
    const auto found = records_.find(id);
    if (found == records_.end() || found->second.finished || found->second.cancelled) {
      Fault("a preemption of one that has ended");
    }
  }
}

// Each sequence and each slot at most once, within the limits.
void PlayedEngine::CheckShape() {
  std::set<SequenceId> sequences;
  std::set<std::int32_t> slots;
  std::int64_t rows = 0;
  const auto once = [&](SequenceId id, std::int32_t slot) {
    if (!records_.contains(id)) return Fault("a row for an unknown sequence");
    if (!sequences.insert(id).second || !slots.insert(slot).second)
      Fault("a sequence or a slot is used twice");
    const Record& record = records_.at(id);
    if (record.finished || record.cancelled) Fault("a row for a sequence that has ended");
  };
  for (const DecodeRow& row : step_.decode) once(row.sequence, row.slot);
  for (const PrefillChunk& chunk : step_.prefill) {
    once(chunk.sequence, chunk.slot);
    const Record& record = records_.at(chunk.sequence);
    if (chunk.count == 0 || chunk.first + chunk.count > record.symbols.size()) Fault("a chunk of wrong size");
    if (chunk.last != (chunk.first + chunk.count == record.symbols.size())) Fault("`last` is wrong");
    for (std::size_t i = 0; i < chunk.count; ++i) rows += record.symbols[chunk.first + i].rows;
  }
  const bool one_symbol = step_.prefill.size() == 1 && step_.prefill.front().count == 1;
  if (rows > options_.max_rows && !one_symbol) Fault("a prefill call with too many rows");
  if (step_.interruptible && !step_.decode.empty()) Fault("interruptible while somebody decodes");
}

void PlayedEngine::CheckCells(const char* when) {
  std::int64_t cells = 0;
  for (const Content& content : slots_) {
    const std::int64_t rows = content.empty() ? 0 : content.back().rows;
    if (rows > options_.slot_cells) Fault(std::string("a slot is over-full ") + when);
    cells += rows;
  }
  if (cells > options_.total_cells) Fault(std::string("more cells than there are ") + when);
}

void PlayedEngine::Truncate(std::int32_t slot, std::int32_t position) {
  Content& content = slots_[static_cast<std::size_t>(slot)];
  std::size_t keep = 0;
  while (keep < content.size() && content[keep].position_after <= position) ++keep;
  if (position > 0 && (keep == 0 || content[keep - 1].position_after != position)) {
    Fault("a cut that is not at a symbol's edge, or beyond the content");
  }
  if (!options_.can_truncate && keep != 0 && keep != content.size()) Fault("this model cannot be truncated");
  content.resize(keep);
}

void PlayedEngine::Do(const MemoryOperation& operation) {
  if (const auto* truncate = std::get_if<TruncateSlot>(&operation)) {
    const bool lost = std::ranges::find(unrestored_, truncate->slot) != unrestored_.end();
    if (lost) {
      slots_[static_cast<std::size_t>(truncate->slot)].clear();
    } else {
      Truncate(truncate->slot, truncate->position);
    }
  } else if (const auto* copy = std::get_if<CopySlot>(&operation)) {
    if (std::ranges::find(unrestored_, copy->from) != unrestored_.end())
      Fault("a copy of what was not restored");
    if (!slots_[static_cast<std::size_t>(copy->to)].empty()) Fault("a copy into a slot that is not empty");
    if (copy->from == copy->to || copy->position <= 0) Fault("a copy of nothing");
    slots_[static_cast<std::size_t>(copy->to)] = slots_[static_cast<std::size_t>(copy->from)];
    Truncate(copy->to, copy->position);
  } else if (const auto* spill = std::get_if<SpillSlot>(&operation)) {
    if (Chance(mishaps_.failed_spill)) return result_.failed_blobs.push_back(spill->blob);
    const Content& content = slots_[static_cast<std::size_t>(spill->slot)];
    if (content.empty()) return Fault("an empty slot is saved");
    if (!blobs_.emplace(spill->blob, content).second) Fault("a blob's name is used twice");
    const auto cells = static_cast<std::uint64_t>(content.back().rows);
    result_.blob_bytes.emplace_back(spill->blob, cells * options_.cell_bytes + 100);
  } else if (const auto* restore = std::get_if<RestoreBlob>(&operation)) {
    const auto blob = blobs_.find(restore->blob);
    if (blob == blobs_.end()) Fault("an unknown blob is restored");
    if (!slots_[static_cast<std::size_t>(restore->slot)].empty())
      Fault("restored into a slot that is not empty");
    if (blob == blobs_.end() || Chance(mishaps_.failed_restore)) {
      result_.failed_blobs.push_back(restore->blob);
      unrestored_.push_back(restore->slot);
      return;
    }
    slots_[static_cast<std::size_t>(restore->slot)] = blob->second;
    Truncate(restore->slot, restore->position);
  } else if (const auto* forget = std::get_if<ForgetBlob>(&operation)) {
    blobs_.erase(forget->blob);
  }
}

// One symbol goes into the KV: it must follow on from what is there, which must be what the sequence has
// before.
bool PlayedEngine::AddCell(std::int32_t slot, SequenceId id, std::size_t index, std::int32_t position) {
  Content& content = slots_[static_cast<std::size_t>(slot)];
  const Record& record = records_.at(id);
  const Cell before = content.empty() ? Cell{.hash = kEmptyHash} : content.back();
  if (content.size() != index) {
    Fault("row " + std::to_string(index) + " on a slot that holds " + std::to_string(content.size()));
    return false;
  }
  if (position != before.position_after) Fault("positions are not contiguous");
  const std::uint64_t expected = index == 0 ? kEmptyHash : record.hashes[index - 1];
  if (before.hash != expected) {
    Fault("the slot holds another sequence's content");
    return false;
  }
  const core::Symbol& symbol = record.symbols[index];
  content.push_back({.hash = Mix(before.hash, symbol.key),
                     .rows = before.rows + symbol.rows,
                     .position_after = before.position_after + symbol.positions});
  return true;
}

void PlayedEngine::Produce(SequenceId id) {
  Record& record = records_.at(id);
  if (Chance(mishaps_.mute_row)) return;
  const auto token = static_cast<core::TokenId>(record.hashes.back() % 50000);
  record.symbols.push_back(core::Symbol::Token(token));
  record.hashes.push_back(Mix(record.hashes.back(), token));
  ++record.produced;
  if (record.produced == 1) {
    record.first_token = now_;
    if (on_first_token) on_first_token(record);
  } else {
    record.worst_gap = std::max(record.worst_gap, now_ - record.last_token);
    if (on_gap) on_gap(record, now_ - record.last_token);
  }
  record.last_token = now_;
  record.finished = record.produced == record.answer;
  result_.produced.push_back({.sequence = id, .token = token, .finished = record.finished});
  if (!record.finished) return;
  --unfinished_;
  if (on_end) on_end(record);
}

void PlayedEngine::RunDecode() {
  if (step_.decode.empty()) return;
  CallShape shape;
  for (const DecodeRow& row : step_.decode) shape.Add(1, row.position);
  result_.decode_time = costs_.decode(shape);
  now_ += result_.decode_time;
  if (Chance(mishaps_.out_of_cells)) {
    result_.decode_out_of_cells = true;
    return;
  }
  for (const DecodeRow& row : step_.decode) {
    const Record& record = records_.at(row.sequence);
    if (record.symbols.back().key != row.token) Fault("a decode row with another token than the last");
    if (AddCell(row.slot, row.sequence, record.symbols.size() - 1, row.position)) Produce(row.sequence);
  }
}

void PlayedEngine::PlayChunk(std::size_t index, std::size_t symbols) {
  const PrefillChunk& chunk = step_.prefill[index];
  result_.prefill_done[index] = symbols;
  std::int32_t position = chunk.position;
  for (std::size_t i = 0; i < symbols; ++i) {
    if (!AddCell(chunk.slot, chunk.sequence, chunk.first + i, position)) return;
    position += records_.at(chunk.sequence).symbols[chunk.first + i].positions;
  }
  if (chunk.last && symbols == chunk.count) Produce(chunk.sequence);
}

void PlayedEngine::RunPrefill() {
  if (step_.prefill.empty()) return;
  result_.prefill_done.assign(step_.prefill.size(), 0);
  CallShape shape;
  std::size_t planned = 0;
  for (const PrefillChunk& chunk : step_.prefill) {
    if (std::ranges::find(unrestored_, chunk.slot) != unrestored_.end()) continue;
    const Record& record = records_.at(chunk.sequence);
    std::int64_t rows = 0;
    for (std::size_t i = 0; i < chunk.count; ++i) rows += record.symbols[chunk.first + i].rows;
    shape.Add(rows, chunk.position);
    planned += chunk.count;
  }
  if (planned == 0) return;
  const base::Duration whole = costs_.prefill(shape);
  result_.prefill_time = whole;
  std::size_t left = planned;
  const bool leaves = step_.interruptible && step_.prefill.size() == 1 && leaves_after_ < whole;
  if (leaves || (step_.interruptible && Chance(mishaps_.interrupt))) {
    result_.prefill_interrupted = true;
    left = std::uniform_int_distribution<std::size_t>(0, planned - 1)(random_);
    result_.prefill_time = std::min(whole, leaves_after_);
  }
  if (leaves) left_ = step_.prefill.front().sequence;
  now_ += result_.prefill_time;
  if (Chance(mishaps_.out_of_cells)) {
    result_.prefill_out_of_cells = true;
    return;
  }
  for (std::size_t i = 0; i < step_.prefill.size(); ++i) {
    if (std::ranges::find(unrestored_, step_.prefill[i].slot) != unrestored_.end()) continue;
    const std::size_t done = std::min(left, step_.prefill[i].count);
    PlayChunk(i, done);
    left -= done;
  }
}

TEST(PlayedEngineTest, BabbleDependsOnItsSeedAlone) {
  EXPECT_EQ(Babble(1, 10), Babble(1, 10));
  EXPECT_NE(Babble(1, 10), Babble(2, 10));
}

}  // namespace lares::scheduler
