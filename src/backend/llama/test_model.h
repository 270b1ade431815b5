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

// $NAME, else the default model of that form in the data directory; empty when there is none.
inline std::string TestModelPath(const char* name, const char* form) {
  if (const char* path = std::getenv(name)) return path;
  std::filesystem::path data;
  if (const char* dir = std::getenv("LARES_DATA")) {
    data = dir;
  } else if (const char* home = std::getenv("HOME")) {
    data = std::filesystem::path(home) / ".local/share/lares";
  }
  const auto path = data / "models" / ("SmolLM2-135M-Instruct." + std::string(form) + ".gguf");
  return std::filesystem::exists(path) ? path.string() : std::string();
}

// The default model as it is served.
inline std::string TestModelPath() { return TestModelPath("LARES_TEST_MODEL", "Q8_0"); }

// The default model as it was fetched: Q4_1.
inline std::string OriginalModelPath() { return TestModelPath("LARES_TEST_MODEL_ORIGINAL", "Q4_1"); }

}  // namespace lares::backend::llama
