// SPDX-License-Identifier: Apache-2.0
//
// What this binary was made from.
#pragma once

#include <string>

namespace lares::app {

struct VersionInfo {
  std::string version;   // "0.1.0"
  std::string commit;    // "1a2b3c4d5e6f", "+" behind it when files were changed; "unknown" outside git
  std::string llama;     // "v0.5.0 (de3ff815ea7d)"
  std::string compiler;  // "g++ 12.2.0"
  std::string build;     // "Release"
};

VersionInfo BuiltFrom();

// Several lines, for `lares version`.
std::string VersionText(const VersionInfo& info);

}  // namespace lares::app
