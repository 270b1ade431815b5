// SPDX-License-Identifier: Apache-2.0
#include "worker/channel.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <sys/socket.h>
#include <unistd.h>

namespace lares::worker {
namespace {

using base::Code;

base::Error Gone() { return {Code::kUnavailable, "the other process has hung up"}; }

}  // namespace

Channel::Channel(int descriptor) : descriptor_(descriptor), writer_([this] { Write(); }) {}

Channel::~Channel() {
  Close();
  writer_.join();
  ::close(descriptor_);
}

base::Result<std::pair<std::unique_ptr<Channel>, std::unique_ptr<Channel>>> Channel::Pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return base::Fail(Code::kResourceExhausted, "no socket pair: " + std::generic_category().message(errno));
  }
  return std::pair(std::make_unique<Channel>(ends[0]), std::make_unique<Channel>(ends[1]));
}

base::Status Channel::Push(std::unique_lock<std::mutex>& lock, std::string_view message) {
  if (closed_) return base::Fail(Gone());
  if (auto ok = AppendFrame(queued_, message); !ok) return ok;
  lock.unlock();
  changed_.notify_all();
  return {};
}

base::Status Channel::Send(std::string_view message) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || queued_.size() < kMostQueued; });
  return Push(lock, message);
}

base::Status Channel::TrySend(std::string_view message) {
  std::unique_lock lock(mutex_);
  if (!closed_ && queued_.size() >= kMostQueued) {
    return base::Fail(Code::kResourceExhausted, "the other process does not keep up");
  }
  return Push(lock, message);
}

base::Result<std::string> Channel::Receive() {
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    auto next = reader_.Next();
    if (!next) return base::Fail(next.error());
    if (*next) return std::move(**next);
    const ssize_t got = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return base::Fail(Gone());
    reader_.Append({buffer.data(), static_cast<std::size_t>(got)});
  }
}

void Channel::Write() {
  std::string bytes;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closed_ || !queued_.empty(); });
    if (closed_) return;
    bytes.clear();
    bytes.swap(queued_);
    changed_.notify_all();
    lock.unlock();
    const bool written = WriteAll(bytes);
    lock.lock();
    if (!written) {
      closed_ = true;
      changed_.notify_all();
    }
  }
}

bool Channel::WriteAll(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void Channel::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  ::shutdown(descriptor_, SHUT_RDWR);
  changed_.notify_all();
}

}  // namespace lares::worker
