// SPDX-License-Identifier: Apache-2.0
//
// Who is asking: a bearer key in, a Principal out. Without a key file everyone is "local" and may do
// everything; the app allows that on loopback only. Thread safe.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "core/principal.h"
#include "service/key_file.h"

namespace lares::service {

class Authenticator {
 public:
  // No keys: everyone is "local".
  Authenticator() = default;
  // Reads `path`; an error names file and line.
  static base::Result<std::unique_ptr<Authenticator>> FromFile(std::string path);
  // For tests and for a key given by configuration.
  explicit Authenticator(std::vector<ApiKey> keys);

  // Reads the file again. With an error the keys in force stay in force.
  base::Status Reload();

  bool requires_key() const;
  std::size_t key_count() const;

  // kUnauthenticated without a key or with an unknown one. The time it takes does not depend on which key,
  // or how much of one, was right.
  base::Result<core::Principal> Authenticate(std::optional<std::string_view> key) const;

  // Who asks without a key for what is open to everyone.
  static core::Principal Anonymous();

 private:
  using Keys = std::shared_ptr<const std::vector<ApiKey>>;
  Keys keys() const;

  std::string path_;
  mutable std::mutex mutex_;
  Keys keys_;  // null: no key is required
};

}  // namespace lares::service
