// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/openai/tokenize.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  (void)lares::http::openai::ParseTokenizeRequest(body);
  const auto back = lares::http::openai::ParseDetokenizeRequest(body);
  if (back) {
    for (const auto token : back->tokens) LARES_CHECK(token >= 0);
  }
  return 0;
}
