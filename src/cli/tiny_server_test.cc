// SPDX-License-Identifier: Apache-2.0
//
// The implementation of tiny_server.h; part of the test program only.
#include "cli/tiny_server.h"

#include <charconv>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"

namespace lares::cli {
namespace {

int ListenOnLoopback(std::string& url) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  LARES_CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  LARES_CHECK(::listen(fd, 256) == 0);
  LARES_CHECK(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  return fd;
}

int ListenOnFile(std::string& url) {
  std::string folder = std::filesystem::temp_directory_path() / "lares_tiny_XXXXXX";
  LARES_CHECK(::mkdtemp(folder.data()) != nullptr);
  const std::string path = folder + "/s";
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  LARES_CHECK(path.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  LARES_CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  LARES_CHECK(::listen(fd, 256) == 0);
  url = "unix:" + path;
  return fd;
}

// Length of the first whole request in `bytes`; 0 when it is not all there.
std::size_t WholeRequest(const std::string& bytes) {
  const std::size_t head = bytes.find("\r\n\r\n");
  if (head == std::string::npos) return 0;
  std::size_t body = 0;
  constexpr std::string_view kLength = "Content-Length: ";
  if (const std::size_t at = bytes.find(kLength); at < head) {
    std::from_chars(bytes.data() + at + kLength.size(), bytes.data() + head, body);
  }
  const std::size_t total = head + 4 + body;
  return bytes.size() >= total ? total : 0;
}

}  // namespace

struct TinyServer::State {
  std::string url;
  int listener = -1;
  int wake[2] = {-1, -1};
  std::size_t close_after = 0;
  mutable std::mutex mutex;
  std::vector<std::string> answers;
  std::size_t next = 0;
  std::size_t connections = 0;
  std::vector<std::string> requests;
  std::map<int, std::string> pending;  // bytes of each connection
  std::map<int, std::size_t> answered;
  std::jthread thread;

  void Main() {
    for (;;) {
      std::vector<pollfd> fds{{.fd = wake[0], .events = POLLIN, .revents = 0},
                              {.fd = listener, .events = POLLIN, .revents = 0}};
      for (const auto& [fd, bytes] : pending) fds.push_back({.fd = fd, .events = POLLIN, .revents = 0});
      ::poll(fds.data(), fds.size(), -1);
      if (fds[0].revents != 0) return;
      if (fds[1].revents != 0) Accept();
      for (std::size_t i = 2; i < fds.size(); ++i) {
        if (fds[i].revents != 0) Serve(fds[i].fd);
      }
    }
  }

  void Accept() {
    const int fd = ::accept(listener, nullptr, nullptr);
    if (fd < 0) return;
    const std::lock_guard lock(mutex);
    ++connections;
    pending[fd] = "";
  }

  void Drop(int fd) {
    ::close(fd);
    pending.erase(fd);
    answered.erase(fd);
  }

  void Serve(int fd) {
    char buffer[65536];
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) return Drop(fd);
    pending[fd].append(buffer, static_cast<std::size_t>(n));
    while (const std::size_t size = WholeRequest(pending[fd])) {
      std::string answer;
      {
        const std::lock_guard lock(mutex);
        requests.push_back(pending[fd].substr(0, size));
        if (next < answers.size()) answer = answers[next++];
      }
      pending[fd].erase(0, size);
      if (!answer.empty()) ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
      if (close_after != 0 && ++answered[fd] >= close_after) return Drop(fd);
    }
  }
};

TinyServer::TinyServer(std::vector<std::string> answers, Kind kind, std::size_t close_after)
    : state_(std::make_unique<State>()) {
  state_->answers = std::move(answers);
  state_->close_after = close_after;
  state_->listener = kind == Kind::kTcp ? ListenOnLoopback(state_->url) : ListenOnFile(state_->url);
  LARES_CHECK(::pipe(state_->wake) == 0);
  state_->thread = std::jthread([state = state_.get()] { state->Main(); });
}

TinyServer::~TinyServer() {
  LARES_CHECK(::write(state_->wake[1], "x", 1) == 1);
  state_->thread.join();
  for (const auto& [fd, bytes] : state_->pending) ::close(fd);
  ::close(state_->listener);
  ::close(state_->wake[0]);
  ::close(state_->wake[1]);
  if (state_->url.starts_with("unix:")) {
    std::filesystem::remove_all(std::filesystem::path(state_->url.substr(5)).parent_path());
  }
}

const std::string& TinyServer::url() const { return state_->url; }

std::size_t TinyServer::connections() const {
  const std::lock_guard lock(state_->mutex);
  return state_->connections;
}

std::vector<std::string> TinyServer::Requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->requests;
}

}  // namespace lares::cli
