// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 (FIPS 180-4). Hex is lower case. Blocking and heavy for files: call it on a pool.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "base/error.h"

namespace lares::base {

std::string Sha256Hex(std::string_view bytes);

// `stop`, when given and set, ends the work early with kCancelled.
Result<std::string> Sha256HexOfFile(const std::string& path, const std::atomic<bool>* stop = nullptr);

}  // namespace lares::base
