// SPDX-License-Identifier: Apache-2.0
//
// What went wrong, as a value. Every fallible function of the project returns Result<T>; exceptions are
// caught in the adapter that meets them and never cross a module's border.
//
// Codes are the gRPC canonical codes with their numbers (grpc.io/docs/guides/status-codes), so that gRPC
// needs no table and HTTP exactly one (http/status.h). Thread safety: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <utility>

namespace lares::base {

enum class Code : std::uint8_t {
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// The canonical name, e.g. "INVALID_ARGUMENT".
const char* CodeName(Code code);

// `message` is for the person who has to act on it. `reason` is the stable word a program tests
// (e.g. "context_length_exceeded"); `param` names the offending field of the request in the request's own
// spelling (e.g. "messages[2].content"); `retry_after` says when the same call may succeed.
class Error {
 public:
  Error(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  Error&& WithReason(std::string reason) && {
    reason_ = std::move(reason);
    return std::move(*this);
  }
  Error&& WithParam(std::string param) && {
    param_ = std::move(param);
    return std::move(*this);
  }
  Error&& WithRetryAfter(std::chrono::milliseconds after) && {
    retry_after_ = after;
    return std::move(*this);
  }

  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& reason() const { return reason_; }
  const std::string& param() const { return param_; }
  std::optional<std::chrono::milliseconds> retry_after() const { return retry_after_; }

  bool operator==(const Error&) const = default;

 private:
  Code code_;
  std::string message_;
  std::string reason_;
  std::string param_;
  std::optional<std::chrono::milliseconds> retry_after_;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> Fail(Error error) { return std::unexpected<Error>(std::move(error)); }
inline std::unexpected<Error> Fail(Code code, std::string message) {
  return std::unexpected<Error>(Error(code, std::move(message)));
}

}  // namespace lares::base
