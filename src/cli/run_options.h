// SPDX-License-Identifier: Apache-2.0
//
// What `lares run` and `lares models` were asked to do. Plain values, filled by app/command_line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lares::cli {

struct RunOptions {
  std::string model;                  // a name, or a GGUF file; empty: the server's only one
  std::optional<std::string> prompt;  // absent: chat, or standard input when that is no terminal
  std::string system;
  double temperature = 0.7;  // the API's own 1 makes small models ramble
  std::optional<std::int64_t> seed;
  std::optional<std::int32_t> max_tokens;
};

struct ModelsOptions {
  bool json = false;
  bool watch = false;  // print it again every second
};

struct ConvertOptions {
  std::string input;
  std::string output;
  std::string type = "q8_0";
  bool force = false;  // replace OUT when it exists
};

}  // namespace lares::cli
