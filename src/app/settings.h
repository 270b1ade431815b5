// SPDX-License-Identifier: Apache-2.0
//
// The table of all settings. The YAML reader, the environment, the flags, `lares config`, --help and
// docs/configuration.md are all made from it: a setting is added here and in config.h, nowhere else. Pure.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "app/setting.h"

namespace lares::app {

// In the order in which people read them; settings of one section ("server.") stand together.
std::span<const Setting> AllSettings();

const Setting* FindByKey(std::string_view key);

// The key that was probably meant: close as a whole ("server.prot"), or the right word in the wrong section
// ("port"). Empty when nothing is near.
std::string_view NearestKey(std::string_view key);

}  // namespace lares::app
