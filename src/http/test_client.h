// SPDX-License-Identifier: Apache-2.0
//
// A plain blocking HTTP client for tests: sends the bytes it is given and reads one answer at a time. Not
// thread safe.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/message.h"

namespace lares::http {

struct TestAnswer {
  int status = 0;                              // 0: the server closed without an answer
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // chunks joined
  bool complete = false;                       // the body came whole
};

class TestClient {
 public:
  explicit TestClient(std::uint16_t port, int receive_buffer = 0)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  explicit TestClient(const std::string& unix_path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, unix_path.data(), unix_path.size());
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~TestClient() { Close(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool connected() const { return connected_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  void CloseSending() { shutdown(fd_, SHUT_WR); }

  // False when the server has closed.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void Get(const std::string& path, const std::string& headers = "") {
    Send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
  }
  void Post(const std::string& path, const std::string& body, const std::string& headers = "") {
    Send("POST " + path +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body);
  }

  // Reads a head; the body's bytes stay for ReadBody or ReadUntil.
  TestAnswer ReadHead() {
    TestAnswer answer;
    while (input_.find("\r\n\r\n") == std::string::npos) {
      if (!More()) return answer;
    }
    const std::size_t end = input_.find("\r\n\r\n");
    const std::string head = input_.substr(0, end + 2);
    input_.erase(0, end + 4);
    std::from_chars(head.data() + 9, head.data() + 12, answer.status);
    for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
      const std::size_t line_end = head.find("\r\n", at);
      const std::size_t colon = head.find(": ", at);
      std::string name = head.substr(at, colon - at);
      for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      answer.headers[name] = head.substr(colon + 2, line_end - colon - 2);
      at = line_end + 2;
    }
    return answer;
  }

  TestAnswer Read(bool head_only = false) {
    TestAnswer answer = ReadHead();
    if (answer.status == 0) return answer;
    if (head_only || answer.status == 204 || answer.status == 100) {
      answer.complete = true;
    } else if (answer.headers.contains("content-length")) {
      const std::size_t length = std::stoul(answer.headers["content-length"]);
      while (input_.size() < length && More()) {
      }
      answer.complete = input_.size() >= length;
      answer.body = input_.substr(0, length);
      input_.erase(0, length);
    } else if (answer.headers.contains("transfer-encoding")) {
      ReadChunks(answer);
    } else {
      while (More()) {
      }
      answer.body = std::exchange(input_, {});
      answer.complete = true;
    }
    return answer;
  }

  // Reads so many bytes and keeps none of them; false when the server closed before.
  bool Drop(std::size_t bytes) {
    while (bytes > 0) {
      if (input_.empty() && !More()) return false;
      const std::size_t dropped = std::min(bytes, input_.size());
      input_.erase(0, dropped);
      bytes -= dropped;
    }
    return true;
  }

  // Reads raw bytes until `what` has come; false when the server closed before. What was read is dropped.
  bool ReadUntil(std::string_view what) {
    while (input_.find(what) == std::string::npos) {
      if (!More()) return false;
    }
    input_.erase(0, input_.find(what) + what.size());
    return true;
  }

  // Blocks until the server has closed (true), or sent something more (false).
  bool ServerCloses() { return input_.empty() && !More(); }

 private:
  bool More() {
    char buffer[16384];
    const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    input_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  void ReadChunks(TestAnswer& answer) {
    while (true) {
      while (input_.find("\r\n") == std::string::npos) {
        if (!More()) return;
      }
      std::size_t size = 0;
      std::from_chars(input_.data(), input_.data() + input_.find("\r\n"), size, 16);
      input_.erase(0, input_.find("\r\n") + 2);
      while (input_.size() < size + 2) {
        if (!More()) return;
      }
      answer.body += input_.substr(0, size);
      input_.erase(0, size + 2);
      answer.complete = size == 0;
      if (answer.complete) return;
    }
  }

  int fd_ = -1;
  bool connected_ = false;
  std::string input_;
};

}  // namespace lares::http
