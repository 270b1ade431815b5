// SPDX-License-Identifier: Apache-2.0
//
// For tests: an engine that is played. It owns a Scheduler, keeps for each slot what a real KV cache would
// hold by doing every memory operation and every row, and lets a virtual clock run by a given cost. The token
// that follows a list of symbols is a hash of the list, so one wrong, lost or repeated row anywhere shows in
// what comes after. Faults of a real engine happen by chance. What goes against the contract is noted in
// faults().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/call_shape.h"
#include "scheduler/scheduler.h"

namespace lares::scheduler {

class PlayedEngine {
 public:
  // Probabilities, per call or operation.
  struct Mishaps {
    double interrupt = 0;
    double out_of_cells = 0;
    double failed_spill = 0;
    double failed_restore = 0;
    double mute_row = 0;  // computed, but no token came of it
  };
  using Cost = std::function<base::Duration(const CallShape&)>;
  struct Costs {
    Cost decode;
    Cost prefill;
  };

  // What became of a sequence.
  struct Record {
    Sequence sequence;
    std::vector<core::Symbol> symbols;  // with what was produced
    std::vector<std::uint64_t> hashes;  // of the symbols up to and with each
    std::int32_t answer = 0;            // tokens after which it is done
    std::int32_t produced = 0;
    bool cancelled = false;
    bool finished = false;
    base::Time arrived{};
    base::Time first_token{};
    base::Time last_token{};
    base::Duration worst_gap{};
  };

  PlayedEngine(const Options& options, std::uint64_t seed, Costs costs, Mishaps mishaps);
  PlayedEngine(const Options& options, std::uint64_t seed, Costs costs);

  // Its answer ends after `answer` tokens (at most max_new).
  base::Status Admit(Sequence sequence, std::int32_t answer);
  void Cancel(SequenceId id);

  // One Plan, one step, one Apply. False when there was nothing to do.
  bool RunStep();
  // Somebody leaves during the step that runs next: if that works for one prompt alone, and may be cut short,
  // it is after that time, and the prompt's sequence is cancelled. This is when an engine cuts a step short.
  void LoneReaderLeavesAfter(base::Duration time) { leaves_after_ = time; }

  base::Time now() const { return now_; }
  void AdvanceTo(base::Time t) { now_ = std::max(now_, t); }
  const Scheduler& scheduler() const { return scheduler_; }
  Scheduler& scheduler() { return scheduler_; }
  const Step& last_step() const { return step_; }
  const StepResult& last_result() const { return result_; }
  const std::unordered_map<SequenceId, Record>& records() const { return records_; }
  void ForgetRecord(SequenceId id) { records_.erase(id); }
  std::size_t unfinished() const { return unfinished_; }
  const std::vector<std::string>& faults() const { return faults_; }

  // Called for each token but the first with the time since the one before it.
  std::function<void(const Record&, base::Duration)> on_gap;
  std::function<void(const Record&)> on_first_token;
  std::function<void(const Record&)> on_end;

 private:
  // A symbol in a KV cache, with the sums up to and with it.
  struct Cell {
    std::uint64_t hash = 0;
    std::int64_t rows = 0;
    std::int32_t position_after = 0;
  };
  using Content = std::vector<Cell>;

  void Do(const MemoryOperation& operation);
  void Truncate(std::int32_t slot, std::int32_t position);
  void CheckShape();
  void CheckPreempted();
  void CheckCells(const char* when);
  void RunDecode();
  void RunPrefill();
  void PlayChunk(std::size_t index, std::size_t symbols);
  bool AddCell(std::int32_t slot, SequenceId id, std::size_t index, std::int32_t position);
  void Produce(SequenceId id);
  bool Chance(double p) { return p > 0 && std::uniform_real_distribution<>(0, 1)(random_) < p; }
  void Fault(const std::string& what) {
    if (faults_.size() < 20) faults_.push_back(what);
  }

  const Options options_;
  std::mt19937_64 random_;
  const Costs costs_;
  const Mishaps mishaps_;
  Scheduler scheduler_;
  base::Time now_{};
  base::Duration leaves_after_ = base::Duration::max();
  SequenceId left_ = 0;  // during this step
  std::vector<Content> slots_;
  std::map<BlobId, Content> blobs_;
  std::vector<std::int32_t> unrestored_;
  std::unordered_map<SequenceId, Record> records_;
  std::size_t unfinished_ = 0;
  std::uint64_t preempted_ = 0;
  Step step_;
  StepResult result_;
  std::vector<std::string> faults_;
};

// Tokens of a text without meaning: `count` symbols that depend on `seed`, equal for equal seeds.
std::vector<core::Symbol> Babble(std::uint64_t seed, std::size_t count);

// As measured on two cores with a 135M model, Q4_0, separate streams; `noise`: sigma of its logarithm.
PlayedEngine::Costs TwoCoreCosts(double noise, std::uint64_t seed);

// The seed of a randomised test: LARES_SEED when it is set, else `standard`. Printed if the process aborts.
std::uint64_t TestSeed(std::uint64_t standard);
// LARES_TEST_TIER=full
bool FullTier();

}  // namespace lares::scheduler
