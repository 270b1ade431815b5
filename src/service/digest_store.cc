// SPDX-License-Identifier: Apache-2.0
#include "service/digest_store.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <system_error>
#include <utility>

#include <sys/stat.h>

namespace lares::service {
namespace {

constexpr std::size_t kDigestLength = 64;

bool IsDigest(const std::string& text) {
  return text.size() == kDigestLength && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::string DigestStore::Identity(const std::string& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return {};
  std::string identity;
  for (const auto number :
       {static_cast<std::uint64_t>(info.st_dev), static_cast<std::uint64_t>(info.st_ino),
        static_cast<std::uint64_t>(info.st_size), static_cast<std::uint64_t>(info.st_mtim.tv_sec),
        static_cast<std::uint64_t>(info.st_mtim.tv_nsec)}) {
    identity += (identity.empty() ? "" : ":") + std::to_string(number);
  }
  return identity;
}

DigestStore::DigestStore(std::string path) : path_(std::move(path)) {
  std::ifstream file(path_);
  std::string identity, digest;
  while (digests_.size() < kMost && file >> identity >> digest) {
    if (IsDigest(digest)) digests_.emplace(identity, digest);
  }
}

std::optional<std::string> DigestStore::Find(const std::string& file) const {
  const std::string identity = Identity(file);
  const std::lock_guard lock(mutex_);
  const auto found = digests_.find(identity);
  if (identity.empty() || found == digests_.end()) return std::nullopt;
  return found->second;
}

void DigestStore::Remember(const std::string& file, const std::string& as_it_was, const std::string& digest) {
  if (as_it_was.empty() || Identity(file) != as_it_was) return;
  const std::lock_guard lock(mutex_);
  if (digests_.size() >= kMost) digests_.erase(digests_.begin());
  digests_[as_it_was] = digest;
  Save();
}

// In one step: a reader never sees half of it.
void DigestStore::Save() const {
  if (path_.empty()) return;
  const std::string fresh = path_ + ".new";
  {
    std::ofstream file(fresh, std::ios::trunc);
    for (const auto& [identity, digest] : digests_) file << identity << ' ' << digest << '\n';
    if (!file.flush()) return;
  }
  if (std::rename(fresh.c_str(), path_.c_str()) != 0) std::remove(fresh.c_str());
}

}  // namespace lares::service
