// SPDX-License-Identifier: Apache-2.0
//
// States saved to host memory: which there are, what they hold, and which go first. Bounded in bytes and in
// number; the least recently used go first, pinned ones (of preempted sequences) stay. It records; the memory
// operations that it asks for are appended to the caller's list. Not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "scheduler/prefix_tree.h"
#include "scheduler/step.h"

namespace lares::scheduler {

class HostCache {
 public:
  static constexpr std::size_t kMaxBlobs = 1024;

  HostCache(std::uint64_t max_bytes, std::uint64_t cell_bytes)
      : max_bytes_(max_bytes), cell_bytes_(cell_bytes) {}

  bool enabled() const { return max_bytes_ > 0; }

  // Makes room for a state of `cells` cells and names it; nothing when it cannot fit. `drop_prefixes`: the
  // new state can stand in for states that it begins with.
  std::optional<BlobId> Add(std::uint64_t salt, PrefixTree::Symbols symbols, std::int64_t cells,
                            bool drop_prefixes, std::vector<MemoryOperation>& operations);
  // It exists by now, and takes this much.
  void Confirm(BlobId blob, std::optional<std::uint64_t> bytes);
  // It does not exist (any more), without an operation.
  void Lost(BlobId blob);
  // Frees what the real sizes take beyond the bound.
  void ShrinkToFit(std::vector<MemoryOperation>& operations);

  void Touch(BlobId blob);
  void Pin(BlobId blob);
  void Unpin(BlobId blob);

  bool Contains(BlobId blob) const { return blobs_.contains(blob); }
  bool confirmed(BlobId blob) const { return blobs_.at(blob).confirmed; }
  std::size_t length(BlobId blob) const { return contents_.Length(blob); }
  std::uint64_t bytes() const { return bytes_; }
  std::size_t count() const { return blobs_.size(); }

  // Entries are blob ids.
  const PrefixTree& contents() const { return contents_; }

  void CheckInvariants() const;

 private:
  struct Blob {
    std::uint64_t bytes = 0;
    std::int32_t pins = 0;
    bool confirmed = false;
    std::list<BlobId>::iterator place;
  };
  using Blobs = std::unordered_map<BlobId, Blob>;

  void Forget(Blobs::iterator blob, std::vector<MemoryOperation>& operations);
  bool MakeRoom(std::uint64_t bytes, std::vector<MemoryOperation>& operations);
  void Erase(Blobs::iterator blob);

  const std::uint64_t max_bytes_;
  const std::uint64_t cell_bytes_;
  Blobs blobs_;
  std::list<BlobId> by_use_;  // least recently used first
  PrefixTree contents_;
  std::uint64_t bytes_ = 0;
  BlobId next_ = 1;
};

}  // namespace lares::scheduler
