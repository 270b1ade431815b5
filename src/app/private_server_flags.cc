// SPDX-License-Identifier: Apache-2.0
#include "app/private_server_flags.h"

#include "app/setting.h"
#include "app/settings.h"

namespace lares::app {

std::vector<std::string> PrivateServerFlags(const LoadedConfig& loaded) {
  std::vector<std::string> flags{"--config=/dev/null"};
  for (const Setting& setting : AllSettings()) {
    if ((setting.scope & kPrivateModel) == 0 || !loaded.origins.contains(std::string(setting.key))) continue;
    const std::string value = Format(setting, loaded.config);
    if (!value.empty()) flags.push_back(std::string(setting.flag) + "=" + value);
  }
  return flags;
}

}  // namespace lares::app
