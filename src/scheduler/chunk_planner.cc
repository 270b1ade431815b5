// SPDX-License-Identifier: Apache-2.0
#include "scheduler/chunk_planner.h"

#include <algorithm>

namespace lares::scheduler {
namespace {

std::int64_t RowsOf(const Job& job, std::size_t symbols) {
  return job.symbols.RowsBefore(job.done + symbols) - job.symbols.RowsBefore(job.done);
}

void AddPart(CallShape& shape, const Job& job, std::size_t symbols) {
  shape.Add(RowsOf(job, symbols), job.symbols.PositionsBefore(job.done));
}

// `symbols`, or a little less when what is left behind them would be a lone row.
std::size_t LeavingEnough(const Job& job, std::size_t symbols) {
  const std::size_t behind = job.left() - symbols;
  if (behind == 0 || behind >= kLeastPart) return symbols;
  return symbols >= 2 * kLeastPart ? symbols - (kLeastPart - behind) : symbols;
}

// The farthest place within `symbols` where others wait for it to arrive; `symbols` when there is none.
std::size_t UpToCut(const Job& job, std::size_t symbols) {
  std::size_t best = 0;
  for (const std::size_t cut : job.cuts) {
    if (cut > job.done && cut - job.done <= symbols) best = std::max(best, cut - job.done);
  }
  return best > 0 ? best : symbols;
}

}  // namespace

bool ChunkPlanner::Fits(const CallShape& prefill, std::int64_t ending, const Room& room) const {
  if (!room.gap) return true;
  CallShape decode = limits_.decode;
  // Who ends its prompt here decodes in the next step, at about the depth of the others.
  if (ending > 0 && decode.rows > 0) {
    const auto depth = static_cast<std::int64_t>(decode.depth / static_cast<double>(decode.parts));
    for (std::int64_t i = 0; i < ending; ++i) decode.Add(1, depth);
  }
  return cost_.Gap(prefill, decode) <= *room.gap;
}

std::size_t ChunkPlanner::Take(const Job& job, const ChunkPlan& plan, std::int64_t ending,
                               const Room& room) const {
  const auto fits = [&](std::size_t symbols) {
    CallShape shape = plan.shape;
    AddPart(shape, job, symbols);
    return Fits(shape, ending + (symbols == job.left() ? 1 : 0), room);
  };
  const std::size_t most = job.symbols.CountWithin(job.done, room.rows - plan.shape.rows);
  if (most == 0) return 0;
  const std::size_t target = UpToCut(job, most);
  const bool ends_well = target == job.left() || target < most;
  if (ends_well && fits(target)) return target;
  for (std::int64_t rows = RowsOf(job, target) / limits_.quantum * limits_.quantum; rows > 0;
       rows -= limits_.quantum) {
    const std::size_t symbols = job.symbols.CountWithin(job.done, rows);
    if (symbols == 0) return 0;
    if (fits(symbols)) return LeavingEnough(job, symbols);
  }
  return 0;
}

bool ChunkPlanner::Add(Job& job, ChunkPlan& plan, std::int64_t& ending, const Room& room) const {
  const std::size_t symbols = Take(job, plan, ending, room);
  if (symbols == 0) return false;
  AddPart(plan.shape, job, symbols);
  plan.chunks.push_back({&job, symbols});
  const bool whole = symbols == job.left();
  if (whole) ++ending;
  return whole || std::ranges::find(job.cuts, job.done + symbols) != job.cuts.end();
}

ChunkPlan ChunkPlanner::Plan(std::span<Job* const> readers) const {
  ChunkPlan plan;
  std::int64_t ending = 0;
  const Room all{.rows = limits_.rows, .gap = limits_.gap};
  const auto little = [&](const Job& job) { return job.rows_left() <= limits_.quantum; };
  std::vector<const Job*> served;
  if (!readers.empty() && !little(*readers.front()) && readers.front()->advanced) {
    Room half{.rows = limits_.rows / 2, .gap = limits_.gap};
    if (half.gap) *half.gap /= 2;
    for (Job* job : readers.subspan(1)) {
      if (!little(*job) || job->service_class > readers.front()->service_class) continue;
      if (!Add(*job, plan, ending, half)) break;
      served.push_back(job);
    }
  }
  for (Job* job : readers) {
    if (std::ranges::find(served, job) != served.end()) continue;
    if (!Add(*job, plan, ending, all)) break;
  }
  return plan;
}

ChunkPlan ChunkPlanner::Smallest(Job& reader) const {
  ChunkPlan plan;
  const std::int64_t rows = std::min(limits_.quantum, limits_.rows);
  const std::size_t symbols =
      LeavingEnough(reader, std::max<std::size_t>(1, reader.symbols.CountWithin(reader.done, rows)));
  AddPart(plan.shape, reader, symbols);
  plan.chunks.push_back({&reader, symbols});
  return plan;
}

}  // namespace lares::scheduler
