// SPDX-License-Identifier: Apache-2.0
//
// HTTP as the commands need it: many exchanges on one thread, bytes handed over as they come with the time
// they came. An interface, so that what decides when to send can be tested without a network and a clock.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace lares::cli {

struct HttpRequest {
  std::string path;                 // "/v1/models"
  std::optional<std::string> body;  // JSON to POST; absent: GET
  base::Duration timeout{};         // whole exchange; 0: none
};

// How an exchange ended.
struct HttpEnd {
  int status = 0;       // 0: no answer came so far
  std::string failure;  // a sentence; empty: the whole answer is there
  bool cancelled = false;
  base::Duration retry_after{};  // as the server asked; 0: it did not
  bool complete() const { return status != 0 && failure.empty() && !cancelled; }
};

// Called on the thread that calls Poll, from inside it.
class Receiver {
 public:
  virtual ~Receiver() = default;
  // A piece of the answer's body, of whatever status. False ends the exchange (as cancelled).
  virtual bool OnBytes(base::Time when, std::string_view bytes) = 0;
  // Exactly once, last. New exchanges may be started from here.
  virtual void OnEnd(base::Time when, const HttpEnd& end) = 0;
};

// Not thread safe.
class Transport {
 public:
  virtual ~Transport() = default;
  // Sends at once. `receiver` must live until its OnEnd.
  virtual void Start(HttpRequest request, Receiver& receiver) = 0;
  // Waits until something happened, `longest` has passed or a signal came, and serves what is there.
  virtual void Poll(base::Duration longest) = 0;
  // Ends every exchange as cancelled. Not from inside a Receiver.
  virtual void CancelAll() = 0;
  virtual std::size_t running() const = 0;
};

// One whole answer.
struct HttpAnswer {
  HttpEnd end;
  std::string body;
};

struct FetchBounds {
  std::size_t most = 64U << 20U;  // bytes of the body; more: cancelled
  // Asked several times a second, when given; true: all exchanges of the transport end as cancelled.
  std::function<bool()> interrupted;
};

// Runs one exchange to its end.
HttpAnswer Fetch(Transport& transport, HttpRequest request, const FetchBounds& bounds = {});

}  // namespace lares::cli
