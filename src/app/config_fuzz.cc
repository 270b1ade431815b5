// SPDX-License-Identifier: Apache-2.0
//
// Foreign configuration files. Whatever is accepted must survive being printed and read again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/config_loader.h"
#include "app/config_print.h"
#include "app/config_rules.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lares::app;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Environment environment = {{"HOME", "/home/fuzz"}};
  const auto loaded = MergeConfig(text, "/f/fuzz.yaml", environment, {});
  if (!loaded) return 0;
  static_cast<void>(CheckForServing(loaded->config));
  const std::string printed = PrintConfig(*loaded);
  const auto again = MergeConfig(printed, "/f/fuzz.yaml", environment, {});
  LARES_CHECK(again.has_value());
  LARES_CHECK(again->config.model.path == loaded->config.model.path);
  LARES_CHECK(again->config.limits.body == loaded->config.limits.body);
  LARES_CHECK(again->config.security.allowed_hosts == loaded->config.security.allowed_hosts);
  return 0;
}
