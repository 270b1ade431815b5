// SPDX-License-Identifier: Apache-2.0
//
// Where tests find a real model.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace lares::backend::llama {

inline constexpr const char* kNoTestModel =
    "no real model: set LARES_TEST_MODEL to a GGUF file, or run ./dev up once, which fetches one";

// $LARES_TEST_MODEL, else the default model in the data directory; empty when there is none.
inline std::string TestModelPath() {
  if (const char* path = std::getenv("LARES_TEST_MODEL")) return path;
  std::filesystem::path data;
  if (const char* dir = std::getenv("LARES_DATA")) {
    data = dir;
  } else if (const char* home = std::getenv("HOME")) {
    data = std::filesystem::path(home) / ".local/share/lares";
  }
  const auto path = data / "models/SmolLM2-135M-Instruct.Q4_1.gguf";
  return std::filesystem::exists(path) ? path.string() : std::string();
}

}  // namespace lares::backend::llama
