// SPDX-License-Identifier: Apache-2.0
//
// What models there are: those a server serves, and GGUF files in a folder.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/transport.h"

namespace lares::cli {

struct ServedModel {
  std::string id;
  std::vector<std::string> aliases;
  std::string state;         // "ready", "loading", ...; empty: the server does not say
  std::int64_t percent = 0;  // of loading
  std::string form;          // "Q8_0"
  std::string architecture;
  std::int64_t context = 0;  // tokens; 0: the server does not say
  std::int64_t bytes = 0;
  std::int64_t memory = 0;  // planned for it when it is loaded
};

struct ModelFile {
  std::string path;
  std::uint64_t bytes = 0;
};

// The answer of GET /v1/models. Pure.
base::Result<std::vector<ServedModel>> ParseModels(std::string_view body);
// Asks for it. kUnavailable when nobody answers, kCancelled when `interrupted` (FetchBounds) said so; other
// errors say what the server said.
base::Result<std::vector<ServedModel>> FetchModels(Transport& transport,
                                                   const std::function<bool()>& interrupted = {});

// *.gguf in `folder` and below, three levels deep, in order of their paths. A missing folder has none.
std::vector<ModelFile> FindModelFiles(const std::string& folder);

// The name under which a server serves the file: its base name without ".gguf".
std::string ModelNameOf(std::string_view path);

}  // namespace lares::cli
