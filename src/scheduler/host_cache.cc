// SPDX-License-Identifier: Apache-2.0
#include "scheduler/host_cache.h"

#include "base/check.h"

namespace lares::scheduler {

void HostCache::Erase(Blobs::iterator blob) {
  bytes_ -= blob->second.bytes;
  by_use_.erase(blob->second.place);
  contents_.Remove(blob->first);
  blobs_.erase(blob);
}

void HostCache::Forget(Blobs::iterator blob, std::vector<MemoryOperation>& operations) {
  operations.emplace_back(ForgetBlob{blob->first});
  Erase(blob);
}

bool HostCache::MakeRoom(std::uint64_t bytes, std::vector<MemoryOperation>& operations) {
  for (auto it = by_use_.begin(); it != by_use_.end();) {
    if (bytes_ + bytes <= max_bytes_ && blobs_.size() < kMaxBlobs) break;
    const auto blob = blobs_.find(*it++);
    // Unconfirmed: an operation of this step may still need it.
    if (blob->second.pins == 0 && blob->second.confirmed) Forget(blob, operations);
  }
  return bytes_ + bytes <= max_bytes_ && blobs_.size() < kMaxBlobs;
}

std::optional<BlobId> HostCache::Add(std::uint64_t salt, PrefixTree::Symbols symbols, std::int64_t cells,
                                     bool drop_prefixes, std::vector<MemoryOperation>& operations) {
  const std::uint64_t bytes = static_cast<std::uint64_t>(cells) * cell_bytes_;
  if (bytes > max_bytes_ || symbols.empty()) return std::nullopt;
  if (drop_prefixes) {
    for (const BlobId prefix : contents_.PrefixesOf(salt, symbols)) {
      const auto blob = blobs_.find(prefix);
      if (blob->second.pins == 0 && blob->second.confirmed) Forget(blob, operations);
    }
  }
  if (!MakeRoom(bytes, operations)) return std::nullopt;
  const BlobId id = next_++;
  contents_.Insert(id, salt, symbols);
  by_use_.push_back(id);
  blobs_.emplace(id, Blob{.bytes = bytes, .place = std::prev(by_use_.end())});
  bytes_ += bytes;
  return id;
}

void HostCache::Confirm(BlobId id, std::optional<std::uint64_t> bytes) {
  const auto blob = blobs_.find(id);
  if (blob == blobs_.end()) return;
  blob->second.confirmed = true;
  if (!bytes) return;
  bytes_ += *bytes - blob->second.bytes;
  blob->second.bytes = *bytes;
}

void HostCache::Lost(BlobId id) {
  const auto blob = blobs_.find(id);
  if (blob != blobs_.end()) Erase(blob);
}

void HostCache::ShrinkToFit(std::vector<MemoryOperation>& operations) { MakeRoom(0, operations); }

void HostCache::Touch(BlobId id) {
  const auto blob = blobs_.find(id);
  if (blob != blobs_.end()) by_use_.splice(by_use_.end(), by_use_, blob->second.place);
}

void HostCache::Pin(BlobId id) { ++blobs_.at(id).pins; }

void HostCache::Unpin(BlobId id) {
  const auto blob = blobs_.find(id);
  if (blob == blobs_.end()) return;
  LARES_CHECK(blob->second.pins > 0);
  --blob->second.pins;
}

void HostCache::CheckInvariants() const {
  std::uint64_t bytes = 0;
  for (const auto& [id, blob] : blobs_) {
    bytes += blob.bytes;
    LARES_CHECK(*blob.place == id);
    LARES_CHECK(contents_.Contains(id) && contents_.Length(id) > 0);
  }
  LARES_CHECK(bytes == bytes_);
  LARES_CHECK(blobs_.size() <= kMaxBlobs);
  LARES_CHECK(by_use_.size() == blobs_.size() && contents_.size() == blobs_.size());
  contents_.CheckInvariants();
}

}  // namespace lares::scheduler
