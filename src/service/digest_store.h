// SPDX-License-Identifier: Apache-2.0
//
// Digests of files that were read once, remembered while the file stays the same: its device, inode, size and
// time of change. A file in the data directory, one line each; a line that cannot be read is forgotten.
// Thread safe.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace lares::service {

class DigestStore {
 public:
  static constexpr std::size_t kMost = 4096;

  // `path` need not exist; empty: nothing is kept.
  explicit DigestStore(std::string path);

  std::optional<std::string> Find(const std::string& file) const;
  // Ignored when the file has changed since `as_it_was` (Identity before it was read), or cannot be kept.
  void Remember(const std::string& file, const std::string& as_it_was, const std::string& digest);

  // What tells one state of a file from another; empty when there is no such file.
  static std::string Identity(const std::string& file);

 private:
  void Save() const;

  const std::string path_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> digests_;  // by identity
};

}  // namespace lares::service
