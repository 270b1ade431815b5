// SPDX-License-Identifier: Apache-2.0
//
// The folder that holds a server's state, and the lock that keeps it to one server. The lock is the kernel's
// (flock on DIR/server.lock), so it goes with the process, however that ends. The file's content says who
// holds it and where it listens; clients find the server of a data directory that way.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include "base/error.h"

namespace lares::app {

// Who holds a data directory.
struct RunningServer {
  pid_t pid = 0;
  std::string url;    // "http://127.0.0.1:8080" or "unix:/path" (published_url.h); empty until it listens
  std::string model;  // what it serves
  std::string started;
};

// Holds the lock as long as it lives. Movable.
class DataDirectory {
 public:
  // Creates the folder (mode 0700) where it is missing, and locks it. kFailedPrecondition when another
  // process holds it: the message names its pid and url and says what to do. kPermissionDenied and others
  // say what the system said.
  static base::Result<DataDirectory> Open(const std::string& path);

  ~DataDirectory();
  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&& other) noexcept;
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  const std::string& path() const { return path_; }

  // Tells clients where the server is. Call it when the port is bound, and again when something changes.
  base::Status Publish(const std::string& url, const std::string& model) const;

 private:
  DataDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::string path_;
  int lock_ = -1;
};

// The server that holds `path` now; nothing when nobody does. Never blocks, never creates anything.
base::Result<std::optional<RunningServer>> FindRunningServer(const std::string& path);

// Creates `path` and its missing parents; the last one with mode 0700. An existing folder is left as it is.
base::Status MakePrivateFolder(const std::string& path);

}  // namespace lares::app
