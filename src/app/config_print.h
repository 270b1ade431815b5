// SPDX-License-Identifier: Apache-2.0
//
// The configuration for people: what is in force, and what there is. Pure.
#pragma once

#include <string>

#include "app/config_loader.h"

namespace lares::app {

// YAML that can be used as a configuration file again; behind each value stands where it came from. Secrets
// are shown as a comment only.
std::string PrintConfig(const LoadedConfig& loaded);

// docs/configuration.md.
std::string ConfigurationPage();

}  // namespace lares::app
