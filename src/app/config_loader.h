// SPDX-License-Identifier: Apache-2.0
//
// Puts the effective configuration together: defaults < YAML file < environment < flags.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "base/error.h"

namespace lares::app {

using Environment = std::map<std::string, std::string>;

// A setting given on the command line.
struct FlagValue {
  std::string key;  // "server.port"
  std::string value;
};

struct LoadedConfig {
  Config config;
  std::map<std::string, std::string>
      origins;       // by key: "lares.yaml:7", "LARES_PORT", "--port"; absent: default
  std::string file;  // the file that was read; empty: none
};

// The process's environment.
Environment CurrentEnvironment();

// The same as execve wants it, without the settings in it: what a process that we start shall have.
std::vector<std::string> EnvironmentWithoutSettings();

// Reads `file`, else $LARES_CONFIG, else the file of DefaultConfigFile when it exists, then the environment
// and the flags. Checks each value alone; settings that must fit each other are checked by
// CheckForServing (config_rules.h). Every error names the setting, where its value came from, and what is
// allowed.
base::Result<LoadedConfig> LoadConfig(const std::optional<std::string>& file, const Environment& environment,
                                      const std::vector<FlagValue>& flags);

// $XDG_CONFIG_HOME/lares/config.yaml, else ~/.config/lares/config.yaml; empty without a home.
std::string DefaultConfigFile(const Environment& environment);
// $XDG_DATA_HOME/lares, else ~/.local/share/lares; empty without a home.
std::string DefaultDataDirectory(const Environment& environment);

// The pure part of LoadConfig: `text` is the file's content. For tests and fuzzing.
base::Result<LoadedConfig> MergeConfig(std::string_view text, const std::string& file,
                                       const Environment& environment, const std::vector<FlagValue>& flags);

}  // namespace lares::app
