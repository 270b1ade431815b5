// SPDX-License-Identifier: Apache-2.0
//
// A YAML configuration file as a flat list of settings with the lines they stand on. Knows which keys exist,
// not what their values may be. Pure; the text is foreign input.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace lares::app {

struct FileEntry {
  std::string key;    // "server.port"; of the catalogue's model NAME "models.catalogue.NAME.context"
  std::string value;  // lists joined by commas
  int line = 0;       // from 1
};

inline constexpr std::string_view kCatalogue = "models.catalogue";
inline constexpr std::size_t kMaxModels = 1024;

// A key of the catalogue in its parts: the model's name, and the setting (of the section `model`, or
// "pinned").
struct CatalogueKey {
  std::string name;
  std::string setting;
};
std::optional<CatalogueKey> SplitCatalogueKey(std::string_view key);

inline constexpr std::size_t kMaxConfigBytes = 1024 * 1024;

// `name` is the file's, for messages. Errors name the line: broken YAML, an unknown key (with the nearest
// known one), a key given twice, a value of the wrong shape.
base::Result<std::vector<FileEntry>> ReadConfigText(std::string_view text, const std::string& name);

}  // namespace lares::app
