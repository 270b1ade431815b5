// SPDX-License-Identifier: Apache-2.0
//
// What is thrown where nothing should be (out of memory, a library that throws beside its contract): logged
// once per kind, so that a fault that repeats does not fill the log. A kind is a place and a type. The
// exception's text is left out: a library may quote in it what a user wrote. Thread safe.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "base/log.h"

namespace lares::base {

class ExceptionReport {
 public:
  // `log` outlives this.
  explicit ExceptionReport(Logger& log) : log_(log) {}

  // To be called in a catch block.
  void Caught(std::string_view where) noexcept;

 private:
  static constexpr std::size_t kMaxKinds = 64;

  Logger& log_;
  std::mutex mutex_;
  std::set<std::string> seen_;
};

// The type of the exception that is being handled, as a person reads it. To be called in a catch block.
std::string CurrentExceptionType();

}  // namespace lares::base
