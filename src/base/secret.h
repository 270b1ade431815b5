// SPDX-License-Identifier: Apache-2.0
//
// A string that does not get printed by accident and is wiped when it goes. Reveal() is the one greppable
// way to read it. Not copyable, so that there is one place to wipe.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace lares::base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  ~Secret() { Wipe(); }
  Secret(Secret&& other) noexcept : value_(std::exchange(other.value_, {})) {}
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      Wipe();
      value_ = std::exchange(other.value_, {});
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  std::string_view Reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  void Wipe();
  std::string value_;
};

// Compares without telling by its duration where the two differ (lengths are not secret).
bool ConstantTimeEqual(std::string_view a, std::string_view b);

}  // namespace lares::base
