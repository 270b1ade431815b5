// SPDX-License-Identifier: Apache-2.0
#include "http/listening_socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/peer_address.h"
#include "http/port_holder.h"

namespace lares::http {
namespace {

constexpr int kBacklog = 1024;
constexpr mode_t kSocketMode = 0660;

base::Error Busy(const std::string& where, const std::string& holder) {
  return base::Error(base::Code::kAlreadyExists,
                     where + " is taken" + (holder.empty() ? "" : " by " + holder) +
                         "; stop that one, or choose another with --port or --listen")
      .WithReason("address_in_use");
}

base::Error Failed(const std::string& where, int error) {
  return base::Error(base::Code::kFailedPrecondition,
                     "cannot listen on " + where + ": " + std::strerror(error))
      .WithReason("cannot_listen");
}

std::string AddressText(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  } else {
    return "unix";
  }
  // Of a socket that takes both families: the IPv4 address as everybody writes it.
  static constexpr std::string_view kMapped = "::ffff:";
  const std::string_view all = text.data();
  const bool mapped = all.starts_with(kMapped) && all.find('.') != std::string_view::npos;
  return std::string(mapped ? all.substr(kMapped.size()) : all);
}

std::uint16_t PortOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port);
  return ntohs(reinterpret_cast<sockaddr_in6&>(address).sin6_port);
}

// A socket file outlives the server that made it. If nobody answers on it, it is nobody's.
bool SomebodyAnswers(const sockaddr_un& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool answered = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return answered;
}

}  // namespace

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      port_(other.port_),
      loopback_(other.loopback_),
      host_(std::move(other.host_)),
      unix_path_(std::exchange(other.unix_path_, {})) {}

ListeningSocket::~ListeningSocket() {
  if (fd_ < 0) return;
  close(fd_);
  if (!unix_path_.empty()) unlink(unix_path_.c_str());
}

base::Result<ListeningSocket> ListeningSocket::Open(const Options& options) {
  return options.unix_path.empty() ? OpenTcp(options) : OpenUnix(options.unix_path);
}

base::Result<ListeningSocket> ListeningSocket::OpenTcp(const Options& options) {
  const std::string where = options.host + " port " + std::to_string(options.port);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* raw = nullptr;
  if (const int error = getaddrinfo(options.host.c_str(), std::to_string(options.port).c_str(), &hints, &raw);
      error != 0) {
    return base::Fail(base::Error(base::Code::kInvalidArgument,
                                  "cannot listen on \"" + options.host + "\": " + gai_strerror(error))
                          .WithReason("cannot_listen"));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(raw, freeaddrinfo);

  ListeningSocket listener;
  listener.fd_ = socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener.fd_ < 0) return base::Fail(Failed(where, errno));
  // REUSEADDR lets a restart pass over connections in TIME_WAIT; on Linux it never lets two sockets listen.
  // REUSEPORT would, silently.
  const int on = 1, off = 0;
  setsockopt(listener.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (list->ai_family == AF_INET6) setsockopt(listener.fd_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(listener.fd_, list->ai_addr, list->ai_addrlen) != 0 || listen(listener.fd_, kBacklog) != 0) {
    if (errno == EADDRINUSE) return base::Fail(Busy(where, HolderOfTcpPort(options.port)));
    return base::Fail(Failed(where, errno));
  }
  sockaddr_storage bound{};
  std::memcpy(&bound, list->ai_addr, list->ai_addrlen);
  listener.host_ = AddressText(bound);
  listener.loopback_ = IsLoopback(listener.host_);
  listener.port_ = PortOf(listener.fd_);
  return listener;
}

base::Result<ListeningSocket> ListeningSocket::OpenUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return base::Fail(base::Code::kInvalidArgument, "the socket path \"" + path + "\" is longer than " +
                                                        std::to_string(sizeof address.sun_path - 1) +
                                                        " bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  struct stat info{};
  if (lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) return base::Fail(Failed("unix:" + path, EEXIST));
    if (SomebodyAnswers(address)) return base::Fail(Busy("unix:" + path, HolderOfUnixSocket(path)));
    unlink(path.c_str());
  }
  ListeningSocket listener;
  listener.fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener.fd_ < 0) return base::Fail(Failed("unix:" + path, errno));
  // Owner and group: who may open the file may use the server. Before the name exists, so that it is never
  // more; and after, because bind takes the umask's bits away. Nobody can connect before listen.
  fchmod(listener.fd_, kSocketMode);
  if (bind(listener.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return base::Fail(Failed("unix:" + path, errno));
  }
  listener.unix_path_ = path;
  if (chmod(path.c_str(), kSocketMode) != 0) return base::Fail(Failed("unix:" + path, errno));
  if (listen(listener.fd_, kBacklog) != 0) return base::Fail(Failed("unix:" + path, errno));
  return listener;
}

ListeningSocket::Accepted ListeningSocket::Accept() {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  Accepted accepted;
  accepted.fd = accept4(fd_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted.fd < 0) {
    accepted.error = errno;
    return accepted;
  }
  accepted.peer = AddressText(address);
  if (!is_unix()) {
    const int on = 1;
    setsockopt(accepted.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // A client whose network is gone says no goodbye: the system asks after a minute of silence.
    const int idle_seconds = 60, interval_seconds = 15, probes = 4;
    setsockopt(accepted.fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(accepted.fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
    setsockopt(accepted.fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof interval_seconds);
    setsockopt(accepted.fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
  }
  return accepted;
}

std::string ListeningSocket::Name() const {
  if (is_unix()) return "unix:" + unix_path_;
  const bool v6 = host_.find(':') != std::string::npos;
  return (v6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
}

}  // namespace lares::http
