// SPDX-License-Identifier: Apache-2.0
#include "backend/fake/fake_memory.h"

#include <cstring>

#include "base/check.h"

namespace lares::backend {
namespace {

constexpr std::uint64_t kEmpty = 0x9E3779B97F4A7C15U;
constexpr std::uint64_t kMagic = 0x4C415245534B5631U;

// A saved state: magic, number of cells, hash of the last, then the cells.
struct Header {
  std::uint64_t magic = kMagic;
  std::uint64_t cells = 0;
  std::uint64_t hash = kEmpty;
};

// Reads a state back; false when it is not one, or was damaged.
bool Decode(const SavedState& state, std::vector<FakeMemory::Cell>& out) {
  Header header;
  if (state.bytes.size() < sizeof header) return false;
  std::memcpy(&header, state.bytes.data(), sizeof header);
  const std::size_t room = (state.bytes.size() - sizeof header) / sizeof(FakeMemory::Cell);
  if (header.magic != kMagic || header.cells != room) return false;
  out.resize(room);
  if (room > 0) std::memcpy(out.data(), state.bytes.data() + sizeof header, room * sizeof(FakeMemory::Cell));
  std::uint64_t hash = kEmpty;
  for (const FakeMemory::Cell& cell : out) {
    hash = FakeMemory::Extend(hash, cell.token);
    if (cell.hash != hash) return false;
  }
  return hash == header.hash;
}

}  // namespace

FakeMemory::FakeMemory(std::int32_t slots, std::int32_t slot_cells, std::int32_t total_cells)
    : slot_cells_(slot_cells), total_cells_(total_cells), slots_(static_cast<std::size_t>(slots)) {}

// The finaliser of SplitMix64 over the running value: every token changes every bit.
std::uint64_t FakeMemory::Extend(std::uint64_t hash, core::TokenId token) {
  std::uint64_t z = hash * 0x9E3779B97F4A7C15U + static_cast<std::uint32_t>(token) + 1;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

std::uint64_t FakeMemory::HashOf(std::span<const core::TokenId> tokens) {
  std::uint64_t hash = kEmpty;
  for (const core::TokenId token : tokens) hash = Extend(hash, token);
  return hash;
}

FakeMemory::Slot& FakeMemory::At(std::int32_t slot) {
  LARES_CHECK(slot >= 0 && static_cast<std::size_t>(slot) < slots_.size());
  return slots_[static_cast<std::size_t>(slot)];
}

const FakeMemory::Slot& FakeMemory::At(std::int32_t slot) const {
  LARES_CHECK(slot >= 0 && static_cast<std::size_t>(slot) < slots_.size());
  return slots_[static_cast<std::size_t>(slot)];
}

bool FakeMemory::HasRoom(std::size_t cells) const {
  return cells <= static_cast<std::size_t>(total_cells_ - used_);
}

FakeMemory::Cell& FakeMemory::Append(std::int32_t slot, std::int32_t position, core::TokenId token) {
  Slot& s = At(slot);
  LARES_CHECK(!s.spoilt);
  LARES_CHECK(static_cast<std::size_t>(position) == s.cells.size());
  LARES_CHECK(position < slot_cells_ && HasRoom(1));
  const Cell before = s.cells.empty() ? Cell{.token = 0, .answer_from = -1, .hash = kEmpty} : s.cells.back();
  s.cells.push_back({.token = token, .answer_from = before.answer_from, .hash = Extend(before.hash, token)});
  ++used_;
  return s.cells.back();
}

void FakeMemory::Truncate(std::int32_t slot, std::int32_t position) {
  Slot& s = At(slot);
  LARES_CHECK(position >= 0 && (!s.spoilt || position == 0));
  s.spoilt = false;
  if (static_cast<std::size_t>(position) >= s.cells.size()) return;
  used_ -= static_cast<std::int32_t>(s.cells.size()) - position;
  s.cells.resize(static_cast<std::size_t>(position));
}

base::Status FakeMemory::Copy(std::int32_t from, std::int32_t to, std::int32_t position) {
  const Slot& source = At(from);
  Slot& target = At(to);
  LARES_CHECK(from != to && !source.spoilt && !target.spoilt && target.cells.empty());
  LARES_CHECK(position >= 0 && static_cast<std::size_t>(position) <= source.cells.size());
  if (!HasRoom(static_cast<std::size_t>(position))) {
    return base::Fail(base::Code::kResourceExhausted, "no KV cells are free for a copy");
  }
  target.cells.assign(source.cells.begin(), source.cells.begin() + position);
  used_ += position;
  return {};
}

SavedState FakeMemory::Save(std::int32_t slot) const {
  const Slot& s = At(slot);
  LARES_CHECK(!s.spoilt);
  Header header;
  header.cells = s.cells.size();
  if (!s.cells.empty()) header.hash = s.cells.back().hash;
  SavedState state;
  state.bytes.resize(sizeof header + s.cells.size() * sizeof(Cell));
  std::memcpy(state.bytes.data(), &header, sizeof header);
  if (!s.cells.empty()) {
    std::memcpy(state.bytes.data() + sizeof header, s.cells.data(), s.cells.size() * sizeof(Cell));
  }
  return state;
}

base::Status FakeMemory::Restore(std::int32_t slot, const SavedState& state) {
  Slot& s = At(slot);
  LARES_CHECK(!s.spoilt && s.cells.empty());
  std::vector<Cell> cells;
  if (!Decode(state, cells))
    return base::Fail(base::Code::kDataLoss, "a saved state is damaged or not of this model");
  if (cells.size() > static_cast<std::size_t>(slot_cells_) || !HasRoom(cells.size())) {
    return base::Fail(base::Code::kResourceExhausted, "no KV cells are free for a saved state");
  }
  used_ += static_cast<std::int32_t>(cells.size());
  s.cells = std::move(cells);
  return {};
}

void FakeMemory::Spoil(std::int32_t slot) { At(slot).spoilt = true; }

std::span<const FakeMemory::Cell> FakeMemory::Contents(std::int32_t slot) const { return At(slot).cells; }

}  // namespace lares::backend
