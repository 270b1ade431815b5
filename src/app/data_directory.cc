// SPDX-License-Identifier: Apache-2.0
#include "app/data_directory.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

namespace lares::app {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using base::Status;
namespace fs = std::filesystem;

constexpr std::string_view kLockFile = "server.lock";
constexpr std::size_t kMaxLockBytes = 16 * 1024;

std::string LockPath(const std::string& folder) { return folder + "/" + std::string(kLockFile); }

std::unexpected<base::Error> SystemError(const std::string& what) {
  const int error = errno;
  const Code code = error == EACCES || error == EPERM || error == EROFS ? Code::kPermissionDenied
                    : error == ENOSPC                                   ? Code::kResourceExhausted
                                                                        : Code::kInternal;
  return Fail(code, what + ": " + std::strerror(error));
}

// A descriptor that is closed when it goes out of sight.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

bool WriteAt0(int fd, std::string_view text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::pwrite(fd, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return ::ftruncate(fd, static_cast<off_t>(text.size())) == 0;
}

std::string ReadAll(int fd) {
  std::string text(kMaxLockBytes, '\0');
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

std::string Encode(const RunningServer& server) {
  const nlohmann::json json = {
      {"pid", server.pid}, {"url", server.url}, {"model", server.model}, {"started", server.started}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string Word(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Whoever wrote the file may be of another version, or may be writing at this moment: what cannot be read
// stays empty.
RunningServer Decode(const std::string& text) {
  RunningServer server;
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return server;
  const auto pid = json.find("pid");
  if (pid != json.end() && pid->is_number_integer()) server.pid = pid->get<pid_t>();
  server.url = Word(json, "url");
  server.model = Word(json, "model");
  server.started = Word(json, "started");
  return server;
}

base::Error Occupied(const std::string& path, const RunningServer& other) {
  const std::string pid = other.pid > 0 ? std::to_string(other.pid) : "unknown";
  std::string message = "the data directory " + path + " is in use by process " + pid;
  if (!other.url.empty()) message += ", which serves " + other.url;
  message += ". Talk to that one (`lares run`, `lares models`), stop it (kill " + pid +
             "), or give this server a directory of its own with --data DIR";
  return {Code::kFailedPrecondition, std::move(message)};
}

std::string NowText() { return base::Iso8601(base::SystemClock().Wall()); }

}  // namespace

Status MakePrivateFolder(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return {};
  const fs::path parent = fs::path(path).parent_path();
  if (!parent.empty()) fs::create_directories(parent, error);
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) {
    if (fs::is_directory(path, error)) return {};
    errno = ENOTDIR;
  }
  return SystemError("cannot create the data directory " + path);
}

Result<DataDirectory> DataDirectory::Open(const std::string& given) {
  std::string path = fs::path(given).lexically_normal().string();
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (auto made = MakePrivateFolder(path); !made) return Fail(made.error());
  Descriptor lock(::open(LockPath(path).c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.get() < 0) return SystemError("cannot open " + LockPath(path));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Fail(Occupied(path, Decode(ReadAll(lock.get()))));
    return SystemError("cannot lock " + LockPath(path));
  }
  DataDirectory directory(std::move(path), lock.Release());
  if (auto published = directory.Publish("", ""); !published) return Fail(published.error());
  return directory;
}

DataDirectory::~DataDirectory() {
  if (lock_ < 0) return;
  // Empty, not removed: removing a lock file races with whoever opened it a moment ago.
  if (::ftruncate(lock_, 0) != 0) {
    // The lock goes with the descriptor; a stale text is not believed without it.
  }
  ::close(lock_);
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataDirectory& DataDirectory::operator=(DataDirectory&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  return *this;
}

Status DataDirectory::Publish(const std::string& url, const std::string& model) const {
  const RunningServer self{.pid = ::getpid(), .url = url, .model = model, .started = NowText()};
  if (WriteAt0(lock_, Encode(self))) return {};
  return SystemError("cannot write " + LockPath(path_));
}

Result<std::optional<RunningServer>> FindRunningServer(const std::string& path) {
  Descriptor lock(::open(LockPath(path).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (lock.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return SystemError("cannot look for a running server: " + LockPath(path));
  }
  // Shared, so that two clients that look at the same moment do not take each other for a server.
  if (::flock(lock.get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  if (errno != EWOULDBLOCK) return SystemError("cannot look for a running server: " + LockPath(path));
  return Decode(ReadAll(lock.get()));
}

}  // namespace lares::app
