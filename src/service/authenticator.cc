// SPDX-License-Identifier: Apache-2.0
#include "service/authenticator.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

namespace lares::service {
namespace {

base::Result<std::vector<ApiKey>> ReadKeys(const std::string& path) {
  const auto failed = [&](const std::string& why) {
    return base::Fail(base::Error(base::Code::kInvalidArgument, "key file " + path + ": " + why)
                          .WithReason("bad_key_file"));
  };
  std::ifstream in(path, std::ios::binary);
  if (!in) return failed(std::strerror(errno));
  std::string text(kMaxKeyFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  auto keys = ParseKeyFile(text);
  if (!keys) return failed(keys.error().message());
  return keys;
}

// All bytes are looked at, whatever they are.
bool SameDigest(const KeyDigest& a, const KeyDigest& b) {
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace

Authenticator::Authenticator(std::vector<ApiKey> keys)
    : keys_(std::make_shared<const std::vector<ApiKey>>(std::move(keys))) {}

base::Result<std::unique_ptr<Authenticator>> Authenticator::FromFile(std::string path) {
  auto keys = ReadKeys(path);
  if (!keys) return base::Fail(std::move(keys.error()));
  auto authenticator = std::make_unique<Authenticator>(std::move(*keys));
  authenticator->path_ = std::move(path);
  return authenticator;
}

base::Status Authenticator::Reload() {
  if (path_.empty()) return {};
  auto fresh = ReadKeys(path_);
  if (!fresh) return base::Fail(std::move(fresh.error()));
  auto keys = std::make_shared<const std::vector<ApiKey>>(std::move(*fresh));
  const std::lock_guard lock(mutex_);
  keys_ = std::move(keys);
  return {};
}

Authenticator::Keys Authenticator::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

bool Authenticator::requires_key() const { return keys() != nullptr; }

std::size_t Authenticator::key_count() const {
  const Keys keys = this->keys();
  return keys ? keys->size() : 0;
}

base::Result<core::Principal> Authenticator::Authenticate(std::optional<std::string_view> key) const {
  const Keys keys = this->keys();
  if (!keys) return core::Principal{.id = "local", .tenant = "default", .permissions = core::kAllPermissions};
  if (!key || key->empty()) {
    return base::Fail(base::Error(base::Code::kUnauthenticated,
                                  "an API key is needed: send the header \"Authorization: Bearer KEY\"")
                          .WithReason("missing_api_key"));
  }
  const KeyDigest digest = DigestOfKey(*key);
  const ApiKey* found = nullptr;
  for (const ApiKey& known : *keys) {
    // No early end: the position of a key in the file is nobody's business.
    if (SameDigest(known.digest, digest)) found = &known;
  }
  if (found == nullptr) {
    return base::Fail(base::Error(base::Code::kUnauthenticated, "this API key is not known here")
                          .WithReason("invalid_api_key"));
  }
  return found->principal;
}

core::Principal Authenticator::Anonymous() {
  return core::Principal{.id = "anonymous", .tenant = "default", .permissions = 0};
}

}  // namespace lares::service
