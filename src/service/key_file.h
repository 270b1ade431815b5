// SPDX-License-Identifier: Apache-2.0
//
// The file of API keys. It holds digests, never keys:
//
//     # id      SHA-256 of the key (hex)   tenant    permissions
//     alice     2bb80d53...                research  generate,embed,tokenize,models
//     grafana   9f86d081...                -         metrics
//     root      e3b0c442...                -         all
//
// One key a line, fields separated by blanks or tabs, `#` starts a comment. A tenant "-" is "default".
// Permissions: generate, embed, tokenize, models, metrics, all. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "core/principal.h"

namespace lares::service {

using KeyDigest = std::array<unsigned char, 32>;

struct ApiKey {
  KeyDigest digest{};
  core::Principal principal;
};

inline constexpr std::size_t kMaxKeys = 10'000;
inline constexpr std::size_t kMaxKeyFileBytes = 4 * 1024 * 1024;

// An error names the line and what is wrong with it. A file without any key is an error: it would lock
// everybody out.
base::Result<std::vector<ApiKey>> ParseKeyFile(std::string_view text);

// The digest of a key as it is sent; compares equal to what the file holds.
KeyDigest DigestOfKey(std::string_view key);

}  // namespace lares::service
