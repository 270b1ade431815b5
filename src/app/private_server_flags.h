// SPDX-License-Identifier: Apache-2.0
//
// What `lares run FILE` tells the server that it starts for itself.
#pragma once

#include <string>
#include <vector>

#include "app/config_loader.h"

namespace lares::app {

// Flags of `lares serve` for the settings of the model that were given, in whatever way. Everything else a
// configuration says (address, keys, certificates) is about servers for others, so the private one reads
// none. Pure.
std::vector<std::string> PrivateServerFlags(const LoadedConfig& loaded);

}  // namespace lares::app
