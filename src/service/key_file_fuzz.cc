// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "service/key_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto keys = lares::service::ParseKeyFile({reinterpret_cast<const char*>(data), size});
  if (!keys) {
    LARES_CHECK(!keys.error().message().empty());
    return 0;
  }
  LARES_CHECK(!keys->empty());
  for (const auto& key : *keys) {
    LARES_CHECK(!key.principal.id.empty() && !key.principal.tenant.empty() && key.principal.permissions != 0);
  }
  return 0;
}
