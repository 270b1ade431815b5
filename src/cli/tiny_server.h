// SPDX-License-Identifier: Apache-2.0
//
// A server for tests, on a thread of its own: answers one request after the other with the bytes it was
// given, on loopback or a Unix socket. Without an answer left it reads on and says nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace lares::cli {

class TinyServer {
 public:
  enum class Kind { kTcp, kUnix };
  // `close_after`: closes a connection when it has answered so many requests on it; 0: never.
  explicit TinyServer(std::vector<std::string> answers, Kind kind = Kind::kTcp, std::size_t close_after = 0);
  ~TinyServer();
  TinyServer(const TinyServer&) = delete;
  TinyServer& operator=(const TinyServer&) = delete;

  const std::string& url() const;
  std::size_t connections() const;
  // Heads and bodies so far, in order.
  std::vector<std::string> Requests() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lares::cli
