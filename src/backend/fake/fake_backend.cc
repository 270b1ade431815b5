// SPDX-License-Identifier: Apache-2.0
#include "backend/fake/fake_backend.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "backend/fake/fake_vocabulary.h"
#include "base/check.h"

namespace lares::backend {
namespace {

// Two threads inside the engine thread's members at once is a bug above.
class Entry {
 public:
  explicit Entry(std::atomic<bool>& entered) : entered_(entered) { LARES_CHECK(!entered_.exchange(true)); }
  ~Entry() { entered_ = false; }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  std::atomic<bool>& entered_;
};

FakeOptions Completed(FakeOptions options) {
  LARES_CHECK(options.slots > 0 && options.slot_cells > 0 && options.max_rows > 0);
  LARES_CHECK(options.vocabulary >= FakeVocabulary::kSize && options.embedding_size > 0);
  if (options.total_cells == 0) options.total_cells = options.slots * options.slot_cells;
  return options;
}

Facts FactsOf(const FakeOptions& options) {
  Facts facts;
  facts.purpose = options.purpose;
  facts.architecture = "fake";
  facts.form = "none";
  facts.planned_bytes = options.planned_bytes;
  facts.vocabulary = options.vocabulary;
  facts.training_context = options.slot_cells;
  facts.slots = options.purpose == core::ModelPurpose::kGenerate ? options.slots : 0;
  facts.slot_cells = options.slot_cells;
  facts.total_cells = options.total_cells;
  facts.max_rows = options.max_rows;
  facts.chunk_quantum = static_cast<std::int32_t>(FakeBackend::kUbatch);
  facts.threads = 2;  // so that the engine above has a sampling helper
  facts.cell_bytes = sizeof(FakeMemory::Cell);
  facts.has_chat_template = options.has_chat_template;
  return facts;
}

// Lets a call take its time, piece by piece, so that an interrupted call is shorter.
class Stopwatch {
 public:
  Stopwatch(const FakeOptions& options, std::span<const Row> rows)
      : options_(options), rows_(rows.size()), start_(std::chrono::steady_clock::now()) {
    std::int32_t depth = 0;
    for (const Row& row : rows) depth = std::max(depth, row.position);
    if (options.step_time) whole_ = options.step_time(rows.size(), depth);
  }
  void RowsDone(std::size_t done) {
    const base::Duration due = whole_ * static_cast<std::int64_t>(done) / static_cast<std::int64_t>(rows_);
    if (options_.clock != nullptr) options_.clock->Advance(due - std::exchange(spent_, due));
    if (options_.real_time) std::this_thread::sleep_until(start_ + due);
  }

 private:
  const FakeOptions& options_;
  const std::size_t rows_;
  const std::chrono::steady_clock::time_point start_;
  base::Duration whole_{}, spent_{};
};

}  // namespace

FakeBackend::FakeBackend(FakeOptions options)
    : options_(Completed(std::move(options))),
      facts_(FactsOf(options_)),
      model_(options_.answer_tokens),
      memory_(options_.slots, options_.slot_cells, options_.total_cells) {}

std::vector<core::TokenId> FakeBackend::Tokenize(std::string_view text, bool add_special,
                                                 bool parse_special) const {
  return FakeVocabulary::Tokenize(text, add_special, parse_special);
}

std::string FakeBackend::Piece(core::TokenId token, bool special) const {
  return FakeVocabulary::Piece(token, special);
}

bool FakeBackend::EndsGeneration(core::TokenId token) const { return FakeVocabulary::IsEnd(token); }

std::vector<core::TokenId> FakeBackend::EndTokens() const {
  return {FakeVocabulary::kEos, FakeVocabulary::kImEnd};
}

const RunFault* FakeBackend::FaultOfThisRun() const {
  const auto found = std::ranges::find(options_.run_faults, runs_, &RunFault::call);
  return found == options_.run_faults.end() ? nullptr : &*found;
}

base::Result<RunOutcome> FakeBackend::Run(std::span<const Row> rows, const std::atomic<bool>& interrupt) {
  const Entry entry(entered_);
  LARES_CHECK(!rows.empty() && rows.size() <= static_cast<std::size_t>(options_.max_rows));
  if (options_.before_run) options_.before_run(rows);
  ++runs_;
  logits_.clear();
  logits_at_.assign(rows.size(), std::nullopt);
  const RunFault* fault = FaultOfThisRun();
  if (!memory_.HasRoom(rows.size()) || (fault != nullptr && fault->kind == RunFault::Kind::kOutOfCells)) {
    return base::Fail(base::Code::kResourceExhausted, "no KV cells are free for this step");
  }
  if (fault != nullptr && fault->kind == RunFault::Kind::kError) {
    for (const Row& row : rows) memory_.Spoil(row.slot);
    return base::Fail(base::Code::kInternal, "the fake backend was told to fail this call");
  }
  const std::size_t stop_at = fault != nullptr ? fault->rows / kUbatch * kUbatch : rows.size();
  Stopwatch stopwatch(options_, rows);
  std::size_t done = 0;
  while (done < rows.size() && done < stop_at && !interrupt.load()) {
    const std::size_t end = std::min(done + kUbatch, rows.size());
    for (; done < end; ++done) Compute(rows[done], done);
    stopwatch.RowsDone(done);
  }
  return RunOutcome{.rows_done = done};
}

void FakeBackend::Compute(const Row& row, std::size_t index) {
  LARES_CHECK(row.token >= 0 && row.token < options_.vocabulary);
  FakeMemory::Cell& cell = memory_.Append(row.slot, row.position, row.token);
  if (model_.EndsPrompt(cell.hash)) cell.answer_from = row.position + 1;
  if (!row.wants_logits) return;
  std::optional<std::uint64_t> prompt;
  std::size_t answered = 0;
  if (cell.answer_from > 0) {
    prompt = memory_.Contents(row.slot)[static_cast<std::size_t>(cell.answer_from - 1)].hash;
    answered = static_cast<std::size_t>(row.position + 1 - cell.answer_from);
  }
  const std::size_t at = logits_.size();
  logits_.resize(at + static_cast<std::size_t>(options_.vocabulary));
  model_.Logits(cell.hash, prompt, answered, std::span(logits_).subspan(at));
  logits_at_[index] = at;
}

std::span<const float> FakeBackend::Logits(std::size_t row) const {
  LARES_CHECK(row < logits_at_.size() && logits_at_[row].has_value());
  return std::span(logits_).subspan(*logits_at_[row], static_cast<std::size_t>(options_.vocabulary));
}

base::Status FakeBackend::Truncate(std::int32_t slot, std::int32_t position) {
  const Entry entry(entered_);
  memory_.Truncate(slot, position);
  return {};
}

base::Status FakeBackend::Copy(std::int32_t from, std::int32_t to, std::int32_t position) {
  const Entry entry(entered_);
  return memory_.Copy(from, to, position);
}

base::Result<SavedState> FakeBackend::Save(std::int32_t slot) {
  const Entry entry(entered_);
  if (options_.failing_saves.contains(++saves_)) {
    return base::Fail(base::Code::kInternal, "the fake backend was told to fail this save");
  }
  return memory_.Save(slot);
}

base::Status FakeBackend::Restore(std::int32_t slot, const SavedState& state) {
  const Entry entry(entered_);
  if (options_.failing_restores.contains(++restores_)) {
    return base::Fail(base::Code::kDataLoss, "the fake backend was told to fail this restore");
  }
  return memory_.Restore(slot, state);
}

}  // namespace lares::backend
