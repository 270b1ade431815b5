// SPDX-License-Identifier: Apache-2.0
#include "service/key_file.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/digest.h"
#include "service/operation.h"

namespace lares::service {
namespace {

constexpr std::size_t kMaxNameBytes = 64;

std::optional<unsigned> HexValue(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10U;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10U;
  return std::nullopt;
}

std::optional<KeyDigest> DigestFromHex(std::string_view hex) {
  KeyDigest digest{};
  if (hex.size() != digest.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const auto high = HexValue(hex[2 * i]), low = HexValue(hex[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    digest[i] = static_cast<unsigned char>(*high * 16U + *low);
  }
  return digest;
}

// Ids and tenants become metric labels, log fields and cache salts: plain words only.
bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '@';
  });
}

std::vector<std::string_view> Split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t start = text.find_first_not_of(separators);
    if (start == std::string_view::npos) return parts;
    text.remove_prefix(start);
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

base::Result<core::PermissionSet> ParsePermissions(std::string_view words) {
  using core::Permission;
  core::PermissionSet set = 0;
  for (const std::string_view word : Split(words, ",")) {
    if (word == "all") {
      set |= core::kAllPermissions;
      continue;
    }
    bool known = false;
    for (const Permission p : {Permission::kGenerate, Permission::kEmbed, Permission::kTokenize,
                               Permission::kReadModels, Permission::kReadMetrics}) {
      if (PermissionWord(p) != word) continue;
      set |= static_cast<core::PermissionSet>(p);
      known = true;
    }
    if (!known) {
      // The word is not repeated: who mixes up the columns has a key in it, and this goes into a log.
      return base::Fail(
          base::Code::kInvalidArgument,
          "unknown permission in the fourth field; there is: generate, embed, tokenize, models, "
          "metrics, all");
    }
  }
  if (set == 0) return base::Fail(base::Code::kInvalidArgument, "no permission given");
  return set;
}

base::Result<ApiKey> ParseLine(const std::vector<std::string_view>& fields) {
  const auto bad = [](const char* message) { return base::Fail(base::Code::kInvalidArgument, message); };
  if (fields.size() != 4) {
    return base::Fail(
        base::Code::kInvalidArgument,
        "expected 4 fields (id, SHA-256, tenant, permissions), got " + std::to_string(fields.size()));
  }
  if (!IsName(fields[0])) return bad("the id must be 1 to 64 of letters, digits and - _ . @");
  const auto digest = DigestFromHex(fields[1]);
  if (!digest) return bad("the second field must be the key's SHA-256: 64 hex digits (never the key itself)");
  if (fields[2] != "-" && !IsName(fields[2])) {
    return bad("the tenant must be 1 to 64 of letters, digits and - _ . @, or - for the default");
  }
  auto permissions = ParsePermissions(fields[3]);
  if (!permissions) return base::Fail(std::move(permissions.error()));
  ApiKey key;
  key.digest = *digest;
  key.principal.id = fields[0];
  if (fields[2] != "-") key.principal.tenant = fields[2];
  key.principal.permissions = *permissions;
  return key;
}

base::Error AtLine(std::size_t line, const std::string& message) {
  return base::Error(base::Code::kInvalidArgument, "line " + std::to_string(line) + ": " + message);
}

}  // namespace

base::Result<std::vector<ApiKey>> ParseKeyFile(std::string_view text) {
  if (text.size() > kMaxKeyFileBytes) return base::Fail(base::Code::kInvalidArgument, "larger than 4 MiB");
  std::vector<ApiKey> keys;
  std::set<std::string, std::less<>> ids;
  std::set<KeyDigest> digests;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view content = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    content = content.substr(0, std::min(content.find('#'), content.size()));
    const auto fields = Split(content, " \t\r");
    if (fields.empty()) continue;
    auto key = ParseLine(fields);
    if (!key) return base::Fail(AtLine(line, key.error().message()));
    if (!ids.insert(key->principal.id).second) {
      return base::Fail(AtLine(line, "this id is there twice"));
    }
    if (!digests.insert(key->digest).second) return base::Fail(AtLine(line, "this key is there twice"));
    if (keys.size() == kMaxKeys) return base::Fail(AtLine(line, "more than 10000 keys"));
    keys.push_back(std::move(*key));
  }
  if (keys.empty()) return base::Fail(base::Code::kInvalidArgument, "no key in it");
  return keys;
}

KeyDigest DigestOfKey(std::string_view key) {
  const auto digest = DigestFromHex(base::Sha256Hex(key));
  LARES_CHECK(digest.has_value());
  return *digest;
}

}  // namespace lares::service
