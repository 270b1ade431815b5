// SPDX-License-Identifier: Apache-2.0
//
// Everything the scheduler knows, and the few changes of state a job can go through. The decisions are made
// by the functions in starter.h, cell_relief.h, prefill_plan.h and settle.h; scheduler.cc calls them in
// order.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scheduler/fair_share.h"
#include "scheduler/host_cache.h"
#include "scheduler/job.h"
#include "scheduler/options.h"
#include "scheduler/prefix_tree.h"
#include "scheduler/slot_table.h"
#include "scheduler/stats.h"
#include "scheduler/step.h"
#include "scheduler/step_cost.h"
#include "scheduler/waiting_queue.h"

namespace lares::scheduler {

struct World {
  explicit World(const Options& given);

  const Options options;
  base::Time now{};  // of the Plan under way
  SlotTable slots;
  HostCache host;
  FairShare shares;
  WaitingQueue queue;
  StepCostModel cost;

  std::unordered_map<SequenceId, std::unique_ptr<Job>> jobs;
  std::vector<Job*> running;                              // in no order
  std::unordered_map<SequenceId, SequenceStats> ended;    // until the next Plan
  PrefixTree reading;                                     // whole prompts of jobs that read; by sequence id
  std::vector<MemoryOperation> operations;                // of the step that is being made
  std::vector<std::pair<BlobId, std::int32_t>> restores;  // of that step: may fail
  std::vector<SequenceId> preempted;                      // for that step

  // What the last steps said.
  std::int32_t cells_refused = 0;     // calls that found no cell although the books had some
  std::int64_t refused_rows = 0;      // a prefill call of that size was refused; 0: none
  bool interrupted_in_vain = false;   // the last prefill call was cut short before it got anywhere
  std::int32_t skipped_prefills = 0;  // in a row, because not even the smallest chunk fitted
  SequenceId last_first_reader = 0;   // whose turn in the prefill call it was
  double answer_tokens = 64;          // what an answer is long, on a running average

  std::uint64_t arrivals = 0;
  std::uint64_t cache_hits = 0;
  std::uint64_t cache_misses = 0;
  std::uint64_t preemptions = 0;
  std::uint64_t evictions = 0;

  Job* Find(SequenceId id) const;
  int UrgencyOf(const Job& job) const { return Urgency(job, now, options.max_wait); }
  bool IsOverdue(const Job& job) const { return Overdue(job, now, options.max_wait); }

  // waiting, but out of the queue -> reading, in `slot`, whose content is the first `done` symbols.
  void BeginReading(Job& job, std::int32_t slot, std::size_t done);
  // reading -> decoding
  void BeginDecoding(Job& job);
  // decoding -> reading: its content was lost.
  void ReadAgain(Job& job);
  // reading or decoding -> waiting, but not in the queue; what the slot holds stays there as cached.
  void LeaveSlot(Job& job);
  // Takes it out of everything. The job is gone afterwards.
  void Forget(Job& job);

  // `rows` of the promise to its tenant were computed.
  static void CountComputed(Job& job, std::int64_t rows);
};

}  // namespace lares::scheduler
